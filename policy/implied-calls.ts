/** Which instructions a policy allows: those it names, and those that an allowed effect, nonce or vault is brought about by. */
import { callable } from './callable.ts';
import type { PolicyDocument } from './document.ts';
import type { EffectsDocument } from './document-allowances.ts';
import { entriesOf } from './document-blocks.ts';
import type { CalledProgramDocument } from './document-calls.ts';

type Called = readonly (readonly [program: string, names: readonly string[]])[];

/** The instructions that an effect is brought about by: who allows the effect allows them. */
const closing: Called = [
  ['token', ['closeAccount']],
  ['token-2022', ['closeAccount']],
];
const revoking: Called = [
  ['token', ['revoke']],
  ['token-2022', ['revoke']],
];
const syncing: Called = [['token', ['syncNative']]];
const delegating: Called = [
  ['token', ['approve', 'approveChecked']],
  ['token-2022', ['approve', 'approveChecked']],
];
const burning: Called = [
  ['token', ['burn', 'burnChecked']],
  ['token-2022', ['burn', 'burnChecked']],
];

/** The programs of which a policy allows anything. */
export function listPrograms(document: PolicyDocument): string[] {
  return [...compilePrograms(document).keys()];
}

/** Every instruction the policy allows by name, those included that an allowed effect, nonce or vault needs. */
export function compilePrograms(document: PolicyDocument): ReadonlyMap<string, ReadonlySet<string>> {
  const programs = new Map<string, Set<string>>();
  const allow = (program: string, names: readonly string[]) => {
    const known = programs.get(program);
    if (known === undefined) programs.set(program, new Set(names));
    else for (const name of names) known.add(name);
  };
  for (const [program, names] of entriesOf<readonly string[] | CalledProgramDocument>(document.programs)) {
    if (!('calls' in names) && Object.hasOwn(callable, program)) allow(program, names);
  }
  for (const [program, names] of impliedCalls(document)) allow(program, names);
  return programs;
}

function impliedCalls({ effects = {}, durableNonce, vaults = [] }: PolicyDocument): Called {
  const { close, revoke, syncNative, delegate, burn, stake } = effects;
  const proposing = vaults.some(({ propose }) => propose !== undefined);
  return [
    ...(close === undefined ? [] : closing),
    ...(revoke === undefined ? [] : revoking),
    ...(syncNative === undefined ? [] : syncing),
    ...(delegate === undefined ? [] : delegating),
    ...(burn === undefined ? [] : burning),
    ...(stake === undefined ? [] : [['stake', stakeCalls(stake)] as const]),
    ...(typeof durableNonce === 'object' ? [['system', ['advanceNonceAccount']] as const] : []),
    ...(vaults.some(({ limits }) => limits !== undefined) ? [['squads', ['spendingLimitUse']] as const] : []),
    // A vote is judged by the proposal it is for.
    ...(proposing ? [['squads', ['vaultTransactionCreate', 'proposalCreate', 'proposalApprove']] as const] : []),
  ];
}

type StakeDocument = NonNullable<EffectsDocument['stake']>;

export function stakeCalls({ delegate, deactivate, split, merge, move }: StakeDocument): string[] {
  return [
    ...(delegate === undefined ? [] : ['delegate']),
    ...(deactivate === undefined ? [] : ['deactivate']),
    ...(split === undefined ? [] : ['split']),
    ...(merge === undefined ? [] : ['merge']),
    ...(move === undefined ? [] : ['moveStake', 'moveLamports']),
  ];
}
