/** Effects in plain words, for whoever approves or reads them. Names and decimals are the policy's, never the chain's. */
import { escapeText } from './escape.ts';
import type { EffectJson } from './json.ts';
import { effectsToJson } from './json.ts';
import type { Policy } from './policy.ts';
import { SOL } from './policy.ts';
import type { Effect } from './types.ts';

const SOL_DECIMALS = 9;
const PROPOSED = 'proposed.';

/** Each effect in one line: human units and the raw value. What is inside a proposal follows it. */
export function describeEffects(policy: Policy, effects: readonly Effect[]): string[] {
  return effectsToJson(policy, effects).map((effect) => describeEffectJson(policy, effect));
}

/** The same from the JSON form. Everything in it came from outside, and is escaped. */
export function describeEffectJson(policy: Policy, effect: EffectJson): string {
  if (effect.kind.startsWith(PROPOSED)) {
    const inner = { ...effect, kind: effect.kind.slice(PROPOSED.length) };
    return `if the members vote for it, the vault would: ${describeEffectJson(policy, inner)}`;
  }
  const sol = (lamports: string | undefined) => showAmount(policy, SOL, lamports ?? '0');
  switch (effect.kind) {
    case 'transfer':
      return `send ${showMoved(policy, effect)}`;
    case 'limitUse':
      return `send from vault ${text(effect.from)}, on the strength of its spending limit, ${showMoved(policy, effect)}`;
    case 'limitUse.inward':
      return `move ${showSum(policy, effect)} from vault ${text(effect.from)} to our own ${text(effect.destination)}`;
    case 'fee':
      return `pay a fee of ${sol(String(BigInt(effect.base ?? 0) + BigInt(effect.priority ?? 0)))}`;
    case 'rent':
      return `pay ${sol(effect.lamports)} for a new account of ${escapeText(effect.recipient ?? 'an unknown owner')}`;
    case 'memo':
      return `write the memo “${effect.memo ?? ''}”`;
    case 'burn':
      return `destroy ${showSum(policy, effect)}`;
    case 'delegation':
      return describeDelegation(policy, effect);
    default:
      return describeOther(effect);
  }
}

function describeDelegation(policy: Policy, effect: EffectJson): string {
  const { account, destination } = effect;
  if (destination === undefined) return `take back the right that somebody had been given over ${text(account)}`;
  return `let ${text(destination)} take ${showSum(policy, effect)} out of ${text(account)} at any time`;
}

/** Effects without an amount: the part of the kind before the dot says what it is, the part behind it which. */
function describeOther(effect: EffectJson): string {
  const { account, destination, from, amount } = effect;
  const [kind = '', which = ''] = effect.kind.split('.');
  switch (kind) {
    case 'close':
      return `close the token account ${text(account)}; its lamports come to our ${text(destination)}`;
    case 'authorityChange':
      return `give the right “${escapeText(which)}” over ${text(account)} to ${destination === undefined ? 'nobody' : text(destination)}`;
    case 'freeze':
      return `make ${text(account)} unusable`;
    case 'thaw':
      return `make ${text(account)} usable again`;
    case 'nonce':
      return `${which === 'advance' ? 'stay valid until somebody advances' : 'set up'} the nonce ${text(account)}`;
    case 'stake':
      return `stake: ${escapeText(which)} ${text(account)}${destination === undefined ? '' : ` with ${text(destination)}`}`;
    case 'programUpgrade':
      return `replace the code of ${text(account)}`;
    case 'proposal':
      return `propose transaction ${escapeText(amount ?? '')} of multisig ${text(from)}${which === 'approve' ? ' and vote for it' : ''}`;
    case 'opaqueCall':
      return `call ${text(account)}, which this engine cannot read${which === 'signs' ? ', with the wallet’s signature' : ''}`;
    default:
      return `an effect this version cannot describe: ${escapeText(effect.kind)}`;
  }
}

function text(value: string | undefined): string {
  return escapeText(value ?? 'an unknown account');
}

function showSum(policy: Policy, { asset, amount }: EffectJson): string {
  return showAmount(policy, asset ?? '', amount ?? '0');
}

function showMoved(policy: Policy, effect: EffectJson): string {
  const to = effect.recipient ?? `an unknown owner, account ${effect.destination}`;
  return `${showSum(policy, effect)} to ${escapeText(to)}`;
}

/** `0.25 SOL (250000000)`. */
export function showAmount(policy: Policy, asset: string, amount: string): string {
  const decimals = policy.assetsByName.get(asset)?.decimals ?? (asset === SOL ? SOL_DECIMALS : 0);
  const digits = amount.padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${whole}${part === '' ? '' : `.${part}`} ${escapeText(asset)} (${amount})`;
}
