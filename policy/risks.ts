/**
 * What each allowance of a policy risks, and who has to be trusted for it to hold. `enclave-sound`: nobody but the enclave and the chain's
 * rules. `program`: whoever may change the called program. `members`: the multisig's. Nothing in a policy rests on the host.
 */
import type { CallRule } from './call-rules.ts';
import { pubkeyToBase58 } from './keys.ts';
import type { Policy } from './policy.ts';
import { SIGNATURES } from './policy.ts';
import type { Pubkey } from './types.ts';

export interface Risk {
  readonly path: string;
  readonly trusts: 'enclave-sound' | 'program' | 'members';
  readonly detail: string;
}

export function listRisks(policy: Policy): Risk[] {
  return [
    ...[...policy.calls].flatMap(([program, rules]) => rules.map((rule, index) => describeCall(program, rule, index))),
    ...listEffectRisks(policy),
    ...listNonceRisks(policy),
    ...listVaultRisks(policy),
    ...listMessageRisks(policy),
  ];
}

/** A program has every right of the accounts and signatures it is given, for as long as its call lasts. */
function describeCall(program: Pubkey, rule: CallRule, index: number): Risk {
  const tokens = [...rule.accounts.values()].flatMap((account) => (account.kind === 'ownToken' ? [account.asset] : []));
  const signs = [...rule.accounts.values()].some(({ kind }) => kind === 'agent');
  const reach = [...(signs ? ['all SOL of the agent'] : []), ...tokens.map((asset) => `all its ${asset}`)];
  const detail =
    reach.length === 0
      ? `${rule.name}: it gets none of our accounts`
      : `${rule.name}: a faulty or upgraded program can take ${reach.join(' and ')}, whatever is charged; nothing bounds what comes back`;
  return {
    path: `/programs/${pubkeyToBase58(program)}/calls/${index}`,
    trusts: signs ? 'program' : 'enclave-sound',
    detail,
  };
}

function listEffectRisks({ effects }: Policy): Risk[] {
  const sound = (path: string, detail: string): Risk => ({ path: `/effects/${path}`, trusts: 'enclave-sound', detail });
  return [
    ...(effects.close
      ? [sound('close', 'an account that payments go to can be closed: they fail until it is made again')]
      : []),
    ...(effects.revoke ? [sound('revoke', 'a delegate that somebody relies on can be removed')] : []),
    ...(effects.delegates.size > 0
      ? [sound('delegate', 'a delegate takes up to the amount at any later time; charged when it is given')]
      : []),
    ...(effects.burn.size > 0 ? [sound('burn', 'tokens can be destroyed, up to the limits')] : []),
    ...(effects.votes.size + effects.stakeActions.size > 0
      ? [
          sound(
            'stake',
            'stake can be idle for the days its state takes to change; it stays where its withdraw authority says',
          ),
        ]
      : []),
  ];
}

function listNonceRisks({ nonce, assetsByName, assets }: Policy): Risk[] {
  if (nonce === null) return [];
  const held = [...nonce.budgets].map(([asset, amount]) => `${amount} ${assets.get(asset)?.name ?? asset}`);
  const budget = held.length === 0 ? `nothing of ${assetsByName.size} assets` : held.join(', ');
  return [
    {
      path: '/durableNonce',
      trusts: 'enclave-sound',
      detail: `one such transaction can land at any time; every window keeps ${budget} free for it`,
    },
  ];
}

function listVaultRisks({ document }: Policy): Risk[] {
  return (document.vaults ?? []).flatMap(({ limits, propose }, index): Risk[] => [
    ...(limits === undefined
      ? []
      : [
          {
            path: `/vaults/${index}/limits`,
            trusts: 'enclave-sound' as const,
            detail:
              'the policy’s windows roll; those on chain begin anew at fixed times and let twice their amount through around them',
          },
        ]),
    ...(propose === undefined
      ? []
      : [
          {
            path: `/vaults/${index}/propose`,
            trusts: 'members' as const,
            detail: 'what they vote for is executed without limit in time; the rent of proposals is charged to SOL',
          },
        ]),
  ]);
}

function listMessageRisks({ messages, assets }: Policy): Risk[] {
  const counted = assets.has(SIGNATURES) ? 'counted as a signature' : 'counted nowhere';
  const sound = (path: string, detail: string): Risk => ({
    path: `/messages/${path}`,
    trusts: 'enclave-sound',
    detail,
  });
  return [
    ...(messages.offchain === null ? [] : [sound('offchain', `a text that binds its signer elsewhere; ${counted}`)]),
    ...(messages.signIn === null
      ? []
      : [sound('signIn', `whoever holds the text can enter these sites as the agent; ${counted}`)]),
  ];
}
