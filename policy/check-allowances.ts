/** The linter's rows for what a policy allows beyond payments: calls, effects, nonces, vaults, messages. */
import type { CallRule } from './call-rules.ts';
import type { Check, Finding } from './check.ts';
import { entriesOf } from './document-blocks.ts';
import { pubkeyToBase58 } from './keys.ts';
import type { Policy } from './policy.ts';

export const allowanceChecks: readonly Check[] = [
  { number: 17, why: 'what the program takes is counted nowhere: is there really nothing?', find: findUncharged },
  {
    number: 18,
    why: 'many programs ignore bytes behind what they read: whoever adds some shows the policy other numbers than the program',
    find: findLooseFields,
  },
  { number: 19, why: 'numbers that no rule bounds are the caller’s to choose', find: findUnboundedCalls },
  {
    number: 20,
    why: 'the delegate may use it at any later time, whatever the windows, a pause or a new policy say',
    find: findDelegates,
  },
  {
    number: 21,
    why: 'a signature that does not expire outlives a pause, a new policy and this very rule: advance the nonce before you take it back',
    find: findNonce,
  },
  { number: 22, why: 'where one vote is enough the agent decides alone', find: findVotes },
  { number: 23, why: 'the members are asked to pay anybody', find: findOpenProposals },
  { number: 24, why: 'it is refused all the same wherever it concerns this wallet', find: findPowerless },
  { number: 25, why: 'a signed text can be an order or a promise, and nothing counts it', find: findTexts },
  { number: 26, why: 'nothing can be paid out of it, and nothing proposed', find: findIdleVaults },
];

function callsOf(policy: Policy): { readonly path: string; readonly rule: CallRule }[] {
  return [...policy.calls].flatMap(([program, rules]) =>
    rules.map((rule, index) => ({ path: `/programs/${pubkeyToBase58(program)}/calls/${index}`, rule })),
  );
}

function findUncharged(policy: Policy): Finding[] {
  const free = callsOf(policy).filter(({ rule }) => rule.charges.length === 0);
  return free.map(({ path, rule }) => ({ path: `${path}/charges`, detail: `${rule.name} is charged nothing` }));
}

function findLooseFields(policy: Policy): Finding[] {
  return callsOf(policy).flatMap(({ path, rule }) => {
    const loose = rule.bytes === null ? rule.fields.filter(({ offset }) => offset < 0) : [];
    return loose.map(({ name }) => ({
      path: `${path}/bytes`,
      detail: `${name} is counted from the end, and bytes does not say where the end is`,
    }));
  });
}

function findUnboundedCalls(policy: Policy): Finding[] {
  return callsOf(policy)
    .filter(({ rule }) => rule.fields.length === 0 && rule.bytes !== rule.discriminator.length / 2)
    .map(({ path, rule }) => ({ path: `${path}/fields`, detail: `${rule.name} may carry any data` }));
}

function findDelegates({ effects }: Policy): Finding[] {
  return effects.delegates.size === 0
    ? []
    : [{ path: '/effects/delegate', detail: 'others may be given rights over tokens' }];
}

function findNonce({ nonce }: Policy): Finding[] {
  return nonce === null ? [] : [{ path: '/durableNonce', detail: 'transactions may be signed that never expire' }];
}

function eachVault({ document }: Policy) {
  return [...(document.vaults ?? []).entries()];
}

function findVotes(policy: Policy): Finding[] {
  const voting = eachVault(policy).filter(([, { propose }]) => propose?.approve === true);
  return voting.map(([index]) => ({
    path: `/vaults/${index}/propose/approve`,
    detail: 'the agent votes for what it proposes',
  }));
}

function findOpenProposals(policy: Policy): Finding[] {
  const open = new Set(policy.groups.filter(({ any }) => any).map(({ name }) => name));
  return eachVault(policy).flatMap(([index, { propose }]) =>
    (propose?.recipients ?? [])
      .filter((group) => open.has(group))
      .map((group) => ({ path: `/vaults/${index}/propose/recipients`, detail: `group ${group} holds everybody` })),
  );
}

/** Instructions whose every use by us is an effect, each with what would have to allow that. */
const powerless: ReadonlyMap<string, (policy: Policy) => boolean> = new Map([
  ['system.assign', () => false],
  ['system.assignWithSeed', () => false],
  ['system.allocate', () => false],
  ['system.allocateWithSeed', () => false],
  ['system.createAccount', () => false],
  ['system.createAccountWithSeed', () => false],
  ['system.createAccountAllowPrefund', () => false],
  ['system.authorizeNonceAccount', () => false],
  ['system.initializeNonceAccount', () => false],
  ['system.advanceNonceAccount', ({ nonce }: Policy) => nonce !== null],
  ['token.setAuthority', () => false],
  ['token.freezeAccount', () => false],
  ['token.thawAccount', () => false],
  ['token.closeAccount', ({ effects }: Policy) => effects.close],
  ['token.revoke', ({ effects }: Policy) => effects.revoke],
  ['token.approve', ({ effects }: Policy) => effects.delegates.size > 0],
  ['token.approveChecked', ({ effects }: Policy) => effects.delegates.size > 0],
  ['token.burn', ({ effects }: Policy) => effects.burn.size > 0],
  ['token.burnChecked', ({ effects }: Policy) => effects.burn.size > 0],
  ['associated-token.recoverNested', ({ effects }: Policy) => effects.close],
  ['stake.initialize', () => false],
  ['stake.initializeChecked', () => false],
  ['stake.authorize', () => false],
  ['stake.authorizeChecked', () => false],
  ['stake.authorizeWithSeed', () => false],
  ['stake.authorizeCheckedWithSeed', () => false],
  ['stake.setLockup', () => false],
  ['stake.setLockupChecked', () => false],
  ['stake.delegate', ({ effects }: Policy) => effects.votes.size > 0],
  ['stake.deactivate', ({ effects }: Policy) => effects.stakeActions.has('deactivate')],
  ['stake.split', ({ effects }: Policy) => effects.stakeActions.has('split')],
  ['stake.merge', ({ effects }: Policy) => effects.stakeActions.has('merge')],
  ['stake.moveStake', ({ effects }: Policy) => effects.stakeActions.has('moveStake')],
  ['stake.moveLamports', ({ effects }: Policy) => effects.stakeActions.has('moveLamports')],
  ['stake.deactivateDelinquent', () => false],
]);

function findPowerless(policy: Policy): Finding[] {
  return entriesOf(policy.document.programs).flatMap(([program, names]) => {
    if (!Array.isArray(names)) return [];
    const family = program === 'token-2022' ? 'token' : program;
    const idle = names.filter((name: string) => powerless.get(`${family}.${name}`)?.(policy) === false);
    return idle.map((name: string) => ({
      path: `/programs/${program}`,
      detail: `${name} has effects that the policy does not allow`,
    }));
  });
}

function findTexts({ messages }: Policy): Finding[] {
  return messages.offchain === null
    ? []
    : [{ path: '/messages/offchain', detail: 'any text up to a length is signed' }];
}

function findIdleVaults(policy: Policy): Finding[] {
  const idle = eachVault(policy).filter(([, { limits, propose }]) => limits === undefined && propose === undefined);
  return idle.map(([index]) => ({ path: `/vaults/${index}`, detail: 'neither limits nor propose' }));
}
