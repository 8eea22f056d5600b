/** One wallet with its mints, vault and accounts, and effects in few words: for tests of what instructions do to our accounts. */
import type { Test } from 'tap';
import type { EffectContext, EffectReport } from '../../policy/effects.ts';
import { deriveOwnAccounts, readEffects } from '../../policy/effects.ts';
import { deriveTokenAccount, knownPubkey, pubkeyToBytes } from '../../policy/keys.ts';
import { NATIVE_MINT, NATIVE_MINT_2022, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import type { Effect, Pubkey } from '../../policy/types.ts';
import { buildMessage, bytesOf, littleEndian, testKey, UNKNOWN } from './messages.ts';

export const [agent, payer, stranger, usdc, euro, vault, other] = [1, 2, 3, 4, 5, 6, 7].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
export const CLOCK = knownPubkey('SysvarC1ock11111111111111111111111111111111');
export const RENT = knownPubkey('SysvarRent111111111111111111111111111111111');
export const HASHES = knownPubkey('SysvarRecentB1ockHashes11111111111111111111');
export const HISTORY = knownPubkey('SysvarStakeHistory1111111111111111111111111');
export const u32 = (value: number) => littleEndian(BigInt(value), 4);
export const bytes = pubkeyToBytes;
export const ata = (owner: Pubkey, mint: Pubkey, program = TOKEN_PROGRAM) => deriveTokenAccount(owner, mint, program);
export const at = {
  usdc: ata(agent, usdc),
  euro: ata(agent, euro, TOKEN_2022_PROGRAM),
  wrapped: ata(agent, NATIVE_MINT),
  vaultUsdc: ata(vault, usdc),
  strangerUsdc: ata(stranger, usdc),
  nested: ata(ata(agent, usdc), euro, TOKEN_2022_PROGRAM),
};
export const seed = bytesOf(1n, 65);

export const context: EffectContext = {
  agent,
  mints: new Map([
    [usdc, { tokenProgram: TOKEN_PROGRAM, decimals: 6, accountSize: 165 }],
    [euro, { tokenProgram: TOKEN_2022_PROGRAM, decimals: 2, accountSize: 182 }],
    [NATIVE_MINT_2022, { tokenProgram: TOKEN_2022_PROGRAM, decimals: 9, accountSize: 170 }],
  ]),
  resolveRecipient: (destination) => (destination === stranger ? stranger : null),
  rentPerByte: 6960n,
  vaults: new Map([[vault, { multisig: testKey(0x60), index: 0, members: 3, limits: new Map() }]]),
  opaque: new Set([UNKNOWN]),
};

const names = new Map<string, string>([
  ...Object.entries({ agent, payer, stranger, usdc, euro, vault, other }).map(([name, key]) => [key, name] as const),
  ...Object.entries(at).map(([name, key]) => [key, `@${name}`] as const),
]);
const name = (key: Pubkey | null) => (key === null ? 'nobody' : (names.get(key) ?? 'unknown'));

export function word(effect: Effect): string {
  const asset = 'asset' in effect && effect.asset !== null ? (names.get(effect.asset) ?? effect.asset) : 'nothing';
  switch (effect.kind) {
    case 'transfer':
      return `${asset} ${effect.amount} from ${name(effect.from)} to ${name(effect.destination)}`;
    case 'rent':
      return `rent ${effect.lamports} for ${name(effect.recipient)}`;
    case 'delegation':
      return `${asset} ${effect.amount} of ${name(effect.account)} delegated to ${name(effect.delegate)}`;
    case 'authorityChange':
      return `${effect.right} of ${name(effect.account)} to ${name(effect.to)}`;
    case 'close':
      return `close ${name(effect.account)} to ${name(effect.destination)}`;
    case 'burn':
      return `burn ${asset} ${effect.amount} of ${name(effect.account)}`;
    case 'freeze':
      return `${effect.frozen ? 'freeze' : 'thaw'} ${name(effect.account)}`;
    case 'nonce':
      return `nonce ${effect.action} by ${name(effect.authority)}`;
    case 'stake':
      return `stake ${effect.action} ${name(effect.account)} ${name(effect.target)} ${effect.lamports}`;
    case 'opaqueCall':
      return `opaque${effect.signs ? ' with our signature' : ''}`;
    default:
      return effect.kind;
  }
}

export type Row = readonly [
  what: string,
  program: Pubkey,
  accounts: readonly Pubkey[],
  data: Uint8Array,
  ...outcome: readonly string[],
];

export const brief = ({ effects, refusals }: EffectReport) => [
  ...effects.map(word),
  ...refusals.map(({ code }) => code),
];

/** Checks each row by itself, in a transaction that somebody else pays for. */
export function checkRows(t: Test, rows: readonly Row[]): void {
  const derived = { ...context, ownAccounts: deriveOwnAccounts(agent, context.mints, context.vaults) };
  for (const [what, program, accounts, data, ...outcome] of rows) {
    const message = buildMessage([payer, agent], [{ program, accounts, data }]);
    t.same(brief(readEffects([message], context)), outcome, what);
    t.same(readEffects([message], derived), readEffects([message], context), `${what}, accounts derived before`);
  }
}
