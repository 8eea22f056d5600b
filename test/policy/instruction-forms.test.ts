/** Every instruction that is decoded, in its one form: each row is then bent a byte and an account at a time, which must be refused. */
import t from 'tap';
import { decodeInstructions } from '../../policy/instructions.ts';
import { knownPubkey, pubkeyToBytes } from '../../policy/keys.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  ED25519_PROGRAM,
  LOADER_V3_PROGRAM,
  SECP256K1_PROGRAM,
  SECP256R1_PROGRAM,
  SQUADS_PROGRAM,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import { buildMessage, bytesOf, littleEndian, testKey, UNKNOWN } from './messages.ts';

const [a, b, c, d, e, f, g] = [2, 3, 4, 5, 6, 7, 8].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
const CLOCK = knownPubkey('SysvarC1ock11111111111111111111111111111111');
const RENT = knownPubkey('SysvarRent111111111111111111111111111111111');
const HASHES = knownPubkey('SysvarRecentB1ockHashes11111111111111111111');
const HISTORY = knownPubkey('SysvarStakeHistory1111111111111111111111111');
const u32 = (value: number) => littleEndian(BigInt(value), 4);
const key = pubkeyToBytes(testKey(0xcc));
const seed = bytesOf(3n, 65, 66, 67);
const hex = (text: string) => Uint8Array.fromHex(text);
const memo = bytesOf(1, u32(2), 104, 105);

type Row = readonly [
  name: string,
  program: Pubkey,
  accounts: readonly Pubkey[],
  data: Uint8Array,
  /** Accounts that may be missing from the end. */
  optional?: number,
];

const system: Row[] = [
  ['system createAccount', SYSTEM_PROGRAM, [a, b], bytesOf(u32(0), 1n, 2n, key)],
  ['system assign', SYSTEM_PROGRAM, [a], bytesOf(u32(1), key)],
  ['system transfer', SYSTEM_PROGRAM, [a, b], bytesOf(u32(2), 1n)],
  ['system createAccountWithSeed', SYSTEM_PROGRAM, [a, b, c], bytesOf(u32(3), key, seed, 1n, 2n, key), 1],
  ['system advanceNonceAccount', SYSTEM_PROGRAM, [a, HASHES, b], bytesOf(u32(4))],
  ['system withdrawNonceAccount', SYSTEM_PROGRAM, [a, b, HASHES, RENT, c], bytesOf(u32(5), 1n)],
  ['system initializeNonceAccount', SYSTEM_PROGRAM, [a, HASHES, RENT], bytesOf(u32(6), key)],
  ['system authorizeNonceAccount', SYSTEM_PROGRAM, [a, b], bytesOf(u32(7), key)],
  ['system allocate', SYSTEM_PROGRAM, [a], bytesOf(u32(8), 1n)],
  ['system allocateWithSeed', SYSTEM_PROGRAM, [a, b], bytesOf(u32(9), key, seed, 1n, key)],
  ['system assignWithSeed', SYSTEM_PROGRAM, [a, b], bytesOf(u32(10), key, seed, key)],
  ['system transferWithSeed', SYSTEM_PROGRAM, [a, b, c], bytesOf(u32(11), 1n, seed, key)],
  ['system upgradeNonceAccount', SYSTEM_PROGRAM, [a], bytesOf(u32(12))],
  ['system createAccountAllowPrefund', SYSTEM_PROGRAM, [a, b], bytesOf(u32(13), 1n, 2n, key), 1],
];

const token: Row[] = [
  ['initializeAccount', TOKEN_PROGRAM, [a, b, c, RENT], bytesOf(1)],
  ['transfer', TOKEN_PROGRAM, [a, b, c], bytesOf(3, 1n)],
  ['approve', TOKEN_PROGRAM, [a, b, c], bytesOf(4, 1n)],
  ['revoke', TOKEN_PROGRAM, [a, b], bytesOf(5)],
  ['setAuthority', TOKEN_PROGRAM, [a, b], bytesOf(6, 2, 1, key)],
  ['burn', TOKEN_PROGRAM, [a, b, c], bytesOf(8, 1n)],
  ['closeAccount', TOKEN_PROGRAM, [a, b, c], bytesOf(9)],
  ['freezeAccount', TOKEN_PROGRAM, [a, b, c], bytesOf(10)],
  ['thawAccount', TOKEN_PROGRAM, [a, b, c], bytesOf(11)],
  ['transferChecked', TOKEN_PROGRAM, [a, b, c, d], bytesOf(12, 1n, 6)],
  ['approveChecked', TOKEN_PROGRAM, [a, b, c, d], bytesOf(13, 1n, 6)],
  ['burnChecked', TOKEN_PROGRAM, [a, b, c], bytesOf(15, 1n, 6)],
  ['initializeAccount2', TOKEN_PROGRAM, [a, b, RENT], bytesOf(16, key)],
  ['syncNative', TOKEN_PROGRAM, [a], bytesOf(17)],
  ['initializeAccount3', TOKEN_PROGRAM, [a, b], bytesOf(18, key)],
  ['initializeImmutableOwner', TOKEN_PROGRAM, [a], bytesOf(22)],
  ['amountToUiAmount', TOKEN_PROGRAM, [a], bytesOf(23, 1n)],
  ['withdrawExcessLamports', TOKEN_PROGRAM, [a, b, c], bytesOf(38)],
  ['unwrapLamports', TOKEN_PROGRAM, [a, b, c], bytesOf(45, 1, 1n)],
  ['batch', TOKEN_PROGRAM, [a, b, c, d, e], bytesOf(255, 3, 9, 3, 1n, 2, 1, 5)],
];

const token2022 = [
  ...token.map(([name, , ...rest]): Row => [`token-2022 ${name}`, TOKEN_2022_PROGRAM, ...rest]),
  ['token-2022 transferCheckedWithFee', TOKEN_2022_PROGRAM, [a, b, c, d], bytesOf(26, 1, 1n, 6, 1n)] as Row,
];

const stake: Row[] = [
  ['initialize', STAKE_PROGRAM, [a, RENT], bytesOf(u32(0), key, key, 1n, 2n, key)],
  ['authorize', STAKE_PROGRAM, [a, CLOCK, b, c], bytesOf(u32(1), key, u32(1)), 1],
  ['delegate', STAKE_PROGRAM, [a, b, CLOCK, HISTORY, c, d], bytesOf(u32(2))],
  ['split', STAKE_PROGRAM, [a, b, c], bytesOf(u32(3), 1n)],
  ['withdraw', STAKE_PROGRAM, [a, b, CLOCK, HISTORY, c, d], bytesOf(u32(4), 1n), 1],
  ['deactivate', STAKE_PROGRAM, [a, CLOCK, b], bytesOf(u32(5))],
  ['setLockup', STAKE_PROGRAM, [a, b], bytesOf(u32(6), 1, 1n, 0, 1, key)],
  ['merge', STAKE_PROGRAM, [a, b, CLOCK, HISTORY, c], bytesOf(u32(7))],
  ['authorizeWithSeed', STAKE_PROGRAM, [a, b, CLOCK, c], bytesOf(u32(8), key, u32(0), seed, key), 1],
  ['initializeChecked', STAKE_PROGRAM, [a, RENT, b, c], bytesOf(u32(9))],
  ['authorizeChecked', STAKE_PROGRAM, [a, CLOCK, b, c, d], bytesOf(u32(10), u32(1)), 1],
  ['authorizeCheckedWithSeed', STAKE_PROGRAM, [a, b, CLOCK, c, d], bytesOf(u32(11), u32(0), seed, key), 1],
  ['setLockupChecked', STAKE_PROGRAM, [a, b, c], bytesOf(u32(12), 0, 1, 2n), 1],
  ['getMinimumDelegation', STAKE_PROGRAM, [], bytesOf(u32(13))],
  ['deactivateDelinquent', STAKE_PROGRAM, [a, b, c], bytesOf(u32(14))],
  ['moveStake', STAKE_PROGRAM, [a, b, c], bytesOf(u32(16), 1n)],
  ['moveLamports', STAKE_PROGRAM, [a, b, c], bytesOf(u32(17), 1n)],
];

const squads: Row[] = [
  [
    'vaultTransactionCreate',
    SQUADS_PROGRAM,
    [a, b, c, d, SYSTEM_PROGRAM],
    bytesOf(hex('30fa4ea8d0e2dad3'), 0, 0, u32(2), 1, 2, memo),
  ],
  ['proposalCreate', SQUADS_PROGRAM, [a, b, c, d, SYSTEM_PROGRAM], bytesOf(hex('dc3c49e01e6c4f9f'), 7n, 0)],
  ['proposalApprove', SQUADS_PROGRAM, [a, b, c], bytesOf(hex('9025a488bcd82af8'), memo)],
  [
    'spendingLimitUse',
    SQUADS_PROGRAM,
    [a, b, c, d, e, SYSTEM_PROGRAM, f, f, f, g],
    bytesOf(hex('1039827fc1149b86'), 1n, 9, memo),
  ],
];

const rows: readonly Row[] = [
  ...system,
  ...token.map(([name, ...rest]): Row => [`token ${name}`, ...rest]),
  ...token2022,
  ...stake.map(([name, ...rest]): Row => [`stake ${name}`, ...rest]),
  ...squads.map(([name, ...rest]): Row => [`squads ${name}`, ...rest]),
  ['associated-token recoverNested', ASSOCIATED_TOKEN_PROGRAM, [a, b, c, d, e, f, TOKEN_PROGRAM], bytesOf(2)],
  ['loader upgrade', LOADER_V3_PROGRAM, [a, b, c, d, RENT, CLOCK, e], bytesOf(u32(3))],
];

function outcomeOf(program: Pubkey, accounts: readonly Pubkey[], data: Uint8Array): string {
  const [result] = decodeInstructions(buildMessage([testKey(1)], [{ program, accounts, data }]));
  if (result === undefined) throw new Error('no instruction');
  return result.ok ? `${result.value.program} ${result.value.name}` : result.refusal.code;
}

t.test('each instruction in its form, and in no other', async (t) => {
  t.equal(new Set(rows.map(([name]) => name)).size, rows.length);
  for (const [name, program, accounts, data, optional = 0] of rows) {
    t.equal(outcomeOf(program, accounts, data), name, name);
    const least = accounts.length - optional;
    t.equal(outcomeOf(program, accounts.slice(0, least), data), name, `${name}, the least accounts`);
    const bent: [what: string, accounts: readonly Pubkey[], data: Uint8Array][] = [
      ['a byte more', accounts, bytesOf(data, 0)],
      ['a byte less', accounts, data.subarray(0, -1)],
      ['an account more', [...accounts, testKey(0xdd)], data],
      ...(least === 0 ? [] : [['an account less', accounts.slice(0, least - 1), data] as const].map((row) => [...row])),
    ] as [string, readonly Pubkey[], Uint8Array][];
    for (const [what, bentAccounts, bentData] of bent) {
      const code = outcomeOf(program, bentAccounts, bentData);
      t.match(code, /^instruction-(malformed|unknown)$/, `${name}, ${what}`);
    }
  }
});

t.test('accounts with a fixed address must have it', async (t) => {
  const fixed = new Set([CLOCK, RENT, HASHES, HISTORY, SYSTEM_PROGRAM]);
  for (const [name, program, accounts, data] of rows.filter(([name]) => name !== 'squads spendingLimitUse')) {
    for (const [index, account] of accounts.entries()) {
      if (!fixed.has(account)) continue;
      t.equal(outcomeOf(program, accounts.with(index, testKey(0xee)), data), 'instruction-malformed', name);
    }
  }
});

t.test('forms with parts of free length', async (t) => {
  const table: [what: string, program: Pubkey, accounts: readonly Pubkey[], data: Uint8Array, outcome: string][] = [
    ['account size', TOKEN_PROGRAM, [a], bytesOf(21), 'token getAccountDataSize'],
    ['account size with extensions', TOKEN_2022_PROGRAM, [a], bytesOf(21, 7, 0), 'token-2022 getAccountDataSize'],
    ['ui amount', TOKEN_PROGRAM, [a], bytesOf(24, 49, 46, 53), 'token uiAmountToAmount'],
    ['ui amount, two accounts', TOKEN_PROGRAM, [a, b], bytesOf(24, 49), 'instruction-malformed'],
    ['authority to nobody', TOKEN_PROGRAM, [a, b], bytesOf(6, 2, 0), 'token setAuthority'],
    ['authority, flag 2', TOKEN_PROGRAM, [a, b], bytesOf(6, 2, 2, key), 'instruction-malformed'],
    ['unwrap all', TOKEN_PROGRAM, [a, b, c], bytesOf(45, 0), 'token unwrapLamports'],
    ['seed of 32 bytes', SYSTEM_PROGRAM, [a, b], bytesOf(u32(10), key, 32n, key, key), 'system assignWithSeed'],
    ['seed of 33', SYSTEM_PROGRAM, [a, b], bytesOf(u32(10), key, 33n, key, 0, key), 'instruction-malformed'],
    ['seed count beyond the bytes', SYSTEM_PROGRAM, [a, b], bytesOf(u32(10), key, 2n ** 63n), 'instruction-malformed'],
    ['no squads memo', SQUADS_PROGRAM, [a, b, c], bytesOf(hex('9025a488bcd82af8'), 0), 'squads proposalApprove'],
    [
      'draft flag 2',
      SQUADS_PROGRAM,
      [a, b, c, d, SYSTEM_PROGRAM],
      bytesOf(hex('dc3c49e01e6c4f9f'), 7n, 2),
      'instruction-malformed',
    ],
    ['ed25519', ED25519_PROGRAM, [], bytesOf(1, 0, new Uint8Array(14)), 'ed25519 verify'],
    ['ed25519 and what it checks', ED25519_PROGRAM, [], bytesOf(1, 0, new Uint8Array(140)), 'ed25519 verify'],
    ['ed25519 cut', ED25519_PROGRAM, [], bytesOf(2, 0, new Uint8Array(27)), 'instruction-malformed'],
    ['ed25519 of nothing', ED25519_PROGRAM, [], bytesOf(0, 0), 'instruction-malformed'],
    ['ed25519 with an account', ED25519_PROGRAM, [a], bytesOf(1, 0, new Uint8Array(14)), 'instruction-malformed'],
    ['secp256k1', SECP256K1_PROGRAM, [], bytesOf(1, new Uint8Array(11)), 'secp256k1 verify'],
    ['secp256k1 cut', SECP256K1_PROGRAM, [], bytesOf(1, new Uint8Array(10)), 'instruction-malformed'],
    ['secp256r1', SECP256R1_PROGRAM, [], bytesOf(1, 0, new Uint8Array(14)), 'secp256r1 verify'],
    ['secp256r1 without data', SECP256R1_PROGRAM, [], bytesOf(), 'instruction-malformed'],
  ];
  for (const [what, program, accounts, data, outcome] of table)
    t.equal(outcomeOf(program, accounts, data), outcome, what);
});

t.test('batches open whole or not at all', async (t) => {
  const revoke = bytesOf(2, 1, 5);
  const table: [what: string, accounts: readonly Pubkey[], data: Uint8Array, outcome: string][] = [
    ['one', [a, b], bytesOf(255, revoke), 'token batch'],
    ['three', [a, b, c, d, a, b], bytesOf(255, revoke, revoke, revoke), 'token batch'],
    ['none', [], bytesOf(255), 'instruction-malformed'],
    ['an account left over', [a, b, c], bytesOf(255, revoke), 'instruction-malformed'],
    ['an account too few', [a, b, c], bytesOf(255, revoke, revoke), 'instruction-malformed'],
    ['one that wants accounts when none are left', [a, b], bytesOf(255, revoke, revoke), 'instruction-malformed'],
    ['a batch in a batch', [a, b], bytesOf(255, 2, 4, 255, revoke), 'instruction-unknown'],
    ['an instruction that is always refused', [a, b, c], bytesOf(255, 3, 9, 7, 1n), 'always-refused'],
    ['an unknown one behind a known one', [a, b], bytesOf(255, revoke, 0, 1, 99), 'instruction-unknown'],
    ['a malformed one', [a, b], bytesOf(255, 2, 2, 5, 0), 'instruction-malformed'],
    ['half a header', [a, b], bytesOf(255, revoke, 1), 'instruction-malformed'],
    ['data cut', [a, b], bytesOf(255, 2, 2, 5), 'instruction-malformed'],
  ];
  for (const [what, accounts, data, outcome] of table) t.equal(outcomeOf(TOKEN_PROGRAM, accounts, data), outcome, what);
});

t.test('what is always refused is refused by its name', async (t) => {
  const tables: [program: string | Pubkey, data: readonly Uint8Array[]][] = [
    [TOKEN_PROGRAM, [0, 2, 7, 14, 19, 20].map((tag) => bytesOf(tag))],
    [TOKEN_2022_PROGRAM, [0, 2, 7, 14, 19, 20].map((tag) => bytesOf(tag))],
    [
      TOKEN_2022_PROGRAM,
      [25, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 39, 40, 41, 42, 43, 44, 46].map((tag) => bytesOf(tag, 1)),
    ],
    [TOKEN_2022_PROGRAM, [0, 2, 3, 4, 5].map((tag) => bytesOf(26, tag))],
    [TOKEN_2022_PROGRAM, [hex('d2e11ea258b84d8d'), hex('9820deb0dfed7486')]],
    [LOADER_V3_PROGRAM, [0, 1, 2, 4, 5, 6, 7].map((tag) => bytesOf(u32(tag)))],
    [SQUADS_PROGRAM, ['32ddc75d28f58be9', 'c208a15799a419ab', 'de36954457f630e7', '5964e0124546364c'].map(hex)],
    ['Vote111111111111111111111111111111111111111', [bytesOf(u32(3), 1n)]],
    ['AddressLookupTab1e1111111111111111111111111', [bytesOf(u32(0))]],
    ['BPFLoader2111111111111111111111111111111111', [bytesOf()]],
  ];
  let count = 0;
  for (const [program, list] of tables) {
    for (const data of list) {
      const address = program.length === 64 ? (program as Pubkey) : knownPubkey(program);
      t.equal(outcomeOf(address, [a, b], data), 'always-refused', `${program} ${data.toHex()}`);
      count += 1;
    }
  }
  t.equal(count, 52);
});

t.test('tags that no list names are unknown', async (t) => {
  for (const tag of [47, 100, 254]) t.equal(outcomeOf(TOKEN_2022_PROGRAM, [a], bytesOf(tag)), 'instruction-unknown');
  for (const tag of [25, 39, 46]) t.equal(outcomeOf(TOKEN_PROGRAM, [a], bytesOf(tag)), 'instruction-unknown');
  for (const tag of [15, 18]) t.equal(outcomeOf(STAKE_PROGRAM, [a], bytesOf(u32(tag))), 'instruction-unknown');
  t.equal(outcomeOf(SQUADS_PROGRAM, [a], hex('0011223344556677')), 'instruction-unknown');
  t.equal(outcomeOf(SQUADS_PROGRAM, [a], hex('9025a488')), 'instruction-unknown');
});

t.test('a program whose calls the policy describes is handed on as it stands', async (t) => {
  const message = buildMessage([testKey(1)], [{ program: UNKNOWN, accounts: [a, b], data: bytesOf(1, 2) }]);
  const [result] = decodeInstructions(message, { opaque: new Set([UNKNOWN]) });
  const value = { program: 'opaque', name: 'call', address: UNKNOWN, accounts: [a, b], data: bytesOf(1, 2) };
  t.same(result, { ok: true, value });
});
