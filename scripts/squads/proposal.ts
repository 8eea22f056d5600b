/**
 * What a stored proposal would do, from the bytes of its accounts. Approving one is a signature on content that stands elsewhere: so all of it is
 * decoded and shown, what cannot be is refused, and approval and execution are one transaction.
 */

import { ReeveError } from '../../enclave/link/errors.ts';
import { describeEffects } from '../../policy/approvals.ts';
import { readEffects } from '../../policy/effects.ts';
import { effectContext } from '../../policy/judge.ts';
import { pubkeyFromBytes, pubkeyToBase58 } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import { SQUADS_PROGRAM } from '../../policy/programs/addresses.ts';
import { deriveVault } from '../../policy/programs/squads-addresses.ts';
import type { ConfigAction } from '../../policy/programs/squads-config.ts';
import type { InnerMessage } from '../../policy/programs/squads-message.ts';
import type { Hash, Pubkey } from '../../policy/types.ts';
import type { Chain, ChainAccount } from '../chain/rpc.ts';
import { escapeText } from '../cli/text.ts';
import type { ConfigTransactionAccount, VaultTransactionAccount } from './accounts.ts';
import { NO_KEY } from './accounts.ts';
import { showMint } from './describe.ts';

const LOOKUP_PROGRAM = 'AddressLookupTab1e1111111111111111111111111';
/** A lookup table's addresses start here in its account. */
const TABLE_HEADER_BYTES = 56;
const KEY_BYTES = 32;

/** A key as the message will be executed with it. */
export interface ResolvedKey {
  readonly key: Pubkey;
  readonly writable: boolean;
}

export interface Understood {
  readonly lines: readonly string[];
  /** Of a vault transaction: lookup tables first, then the message's keys, then loaded ones: what execution has to name. */
  readonly accounts: readonly ResolvedKey[];
}

/** The plain words of a transaction, or `proposal-refused` with the reason. */
export async function understand(
  chain: Chain,
  policy: Policy,
  transaction: VaultTransactionAccount | ConfigTransactionAccount,
): Promise<Understood> {
  if (transaction.kind === 'config')
    return { lines: transaction.actions.map((action) => describeAction(policy, action)), accounts: [] };
  const vault = deriveVault(transaction.multisig, transaction.vaultIndex);
  const { message, ephemeralSigners } = transaction;
  if (ephemeralSigners !== 0) throw refused('it makes signers of its own');
  if (message.requiredSignatures !== 1 || message.keys[0] !== vault)
    throw refused('it demands another signature than the vault’s: whoever executes it could lose what that key holds');
  const loaded = await resolveTables(chain, message);
  const keys = [...message.keys, ...loaded.map(({ key }) => key)];
  if (new Set(keys).size !== keys.length) throw refused('a key is listed twice');
  const lines = describeMessage(policy, vault, message, keys);
  const tables = message.lookups.map(({ table }) => ({ key: table, writable: false }));
  const own = message.keys.map((key, index) => ({ key, writable: isWritable(message, index) }));
  return { lines, accounts: [...tables, ...own, ...loaded] };
}

function describeMessage(policy: Policy, vault: Pubkey, message: InnerMessage, keys: readonly Pubkey[]): string[] {
  const programs = message.instructions.map(({ program }) => keys[program]);
  if (programs.includes(SQUADS_PROGRAM)) throw refused('it calls Squads itself');
  const readonlyUnsigned = keys.length - message.requiredSignatures - message.writableOthers;
  const readonlySigned = message.requiredSignatures - message.writableSigners;
  const counts = { requiredSignatures: message.requiredSignatures, readonlySigned, readonlyUnsigned };
  const lifetime = NO_KEY as string as Hash;
  const flat = {
    version: 'legacy' as const,
    ...counts,
    keys,
    lifetime,
    instructions: message.instructions,
    lookups: [],
  };
  const { effects, refusals } = readEffects([flat], effectContext(policy, vault, []));
  const [first] = refusals;
  if (first !== undefined) throw refused(`${first.code}: ${first.detail}`);
  return describeEffects(
    policy,
    effects.filter(({ kind }) => kind !== 'fee'),
  );
}

/**
 * Keys from lookup tables: all writable ones, then the others. A place in a table never changes once it is filled; one that is not filled yet could be filled
 * by the table's authority after the vote, so it is refused.
 */
async function resolveTables(chain: Chain, { lookups }: InnerMessage): Promise<ResolvedKey[]> {
  const accounts = await chain.readAccounts(lookups.map(({ table }) => pubkeyToBase58(table)));
  const pick = (account: ChainAccount | null | undefined, index: number): Pubkey => {
    if (account?.owner !== LOOKUP_PROGRAM) throw refused('it names a lookup table that does not exist');
    const at = TABLE_HEADER_BYTES + index * KEY_BYTES;
    if (at + KEY_BYTES > account.data.length)
      throw refused('it takes a key from beyond the end of a lookup table, where one could be written after the vote');
    return pubkeyFromBytes(account.data.slice(at, at + KEY_BYTES));
  };
  const writable = lookups.flatMap((lookup, at) => [...lookup.writable].map((index) => pick(accounts[at], index)));
  const others = lookups.flatMap((lookup, at) => [...lookup.readonly].map((index) => pick(accounts[at], index)));
  return [...writable.map((key) => ({ key, writable: true })), ...others.map((key) => ({ key, writable: false }))];
}

/** The vault signs from inside the program: to the outer transaction it is an account like any other. */
function isWritable({ requiredSignatures, writableSigners, writableOthers }: InnerMessage, index: number): boolean {
  return index < requiredSignatures ? index < writableSigners : index < requiredSignatures + writableOthers;
}

const PERIODS = ['once', 'a day', 'a week', 'each 30 days'];

export function describeAction(policy: Policy, action: ConfigAction): string {
  switch (action.kind) {
    case 'addMember':
      return `make ${pubkeyToBase58(action.member.key)} a member with permissions ${action.member.permissions}`;
    case 'removeMember':
      return `remove the member ${pubkeyToBase58(action.member)}`;
    case 'changeThreshold':
      return `let ${action.threshold} votes decide`;
    case 'setTimeLock':
      return `set the time lock to ${action.seconds} s`;
    case 'addSpendingLimit': {
      const { mint, amount, period, members, destinations, vaultIndex } = action;
      const sum = showMint(policy, mint === NO_KEY ? null : mint, amount);
      const to = destinations.length === 0 ? 'ANYBODY' : destinations.map(pubkeyToBase58).join(', ');
      return `let ${members.map(pubkeyToBase58).join(', ')} pay ${sum} ${PERIODS[period]} from vault ${vaultIndex} to ${to}`;
    }
    case 'removeSpendingLimit':
      return `end the spending limit ${pubkeyToBase58(action.limit)}`;
    case 'setRentCollector':
      return action.collector === null
        ? 'keep the rent of finished transactions'
        : `give the rent of finished transactions to ${pubkeyToBase58(action.collector)}`;
  }
}

function refused(detail: string): ReeveError {
  return new ReeveError('proposal-refused', { detail: escapeText(detail) });
}
