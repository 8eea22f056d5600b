import t from 'tap';
import { countBuiltins, decodeInstructions } from '../../policy/instructions.ts';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_V1_PROGRAM,
  MEMO_V3_PROGRAM,
  MEMO_V4_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import { computeFee } from '../../policy/programs/compute-budget.ts';
import { tokenAccountSize } from '../../policy/programs/token-size.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, littleEndian, SQUADS, testKey, UNKNOWN } from './messages.ts';

const [payer, cosigner, other, third, fourth] = [1, 2, 3, 4, 5].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
const u32 = (value: number) => littleEndian(BigInt(value), 4);
const text = (value: string) => new TextEncoder().encode(value);

function decodeCalls(...calls: readonly Call[]) {
  return decodeInstructions(buildMessage([payer, cosigner], calls));
}

function outcomeOf(program: Pubkey, accounts: readonly Pubkey[], data: Uint8Array): string {
  const [result] = decodeCalls({ program, accounts, data });
  if (result === undefined) throw new Error('no instruction');
  return result.ok ? `${result.value.program} ${result.value.name}` : result.refusal.code;
}

const transfer = bytesOf(u32(2), 7n);
const checked = bytesOf(12, 7n, 6);
const four = [other, third, fourth, payer];
const ata = [payer, other, third, fourth, SYSTEM_PROGRAM, TOKEN_PROGRAM];
const with_ = (list: readonly Pubkey[], index: number, key: Pubkey) => list.with(index, key);

const rows: [what: string, program: Pubkey, accounts: readonly Pubkey[], data: Uint8Array, outcome: string][] = [
  ['system transfer', SYSTEM_PROGRAM, [payer, other], transfer, 'system transfer'],
  ['one account', SYSTEM_PROGRAM, [payer], transfer, 'instruction-malformed'],
  ['three accounts', SYSTEM_PROGRAM, [payer, other, third], transfer, 'instruction-malformed'],
  ['11 bytes', SYSTEM_PROGRAM, [payer, other], transfer.subarray(0, -1), 'instruction-malformed'],
  ['13 bytes', SYSTEM_PROGRAM, [payer, other], bytesOf(transfer, 0), 'instruction-malformed'],
  ['no data', SYSTEM_PROGRAM, [payer, other], bytesOf(), 'instruction-unknown'],
  ['three bytes', SYSTEM_PROGRAM, [payer, other], bytesOf(2, 0, 0), 'instruction-unknown'],
  ['tag 14', SYSTEM_PROGRAM, [payer, other], bytesOf(u32(14)), 'instruction-unknown'],
  ['tag 2 in the high byte', SYSTEM_PROGRAM, [payer, other], bytesOf(2, 0, 0, 1, 7n), 'instruction-unknown'],

  ['limit', COMPUTE_BUDGET_PROGRAM, [], bytesOf(2, u32(1)), 'compute-budget setComputeUnitLimit'],
  ['price', COMPUTE_BUDGET_PROGRAM, [], bytesOf(3, 1n), 'compute-budget setComputeUnitPrice'],
  ['heap of 32 KiB', COMPUTE_BUDGET_PROGRAM, [], bytesOf(1, u32(32 * 1024)), 'compute-budget requestHeapFrame'],
  ['heap of 256 KiB', COMPUTE_BUDGET_PROGRAM, [], bytesOf(1, u32(256 * 1024)), 'compute-budget requestHeapFrame'],
  ['heap of 31 KiB', COMPUTE_BUDGET_PROGRAM, [], bytesOf(1, u32(31 * 1024)), 'compute-budget-invalid'],
  ['heap of 257 KiB', COMPUTE_BUDGET_PROGRAM, [], bytesOf(1, u32(257 * 1024)), 'compute-budget-invalid'],
  ['heap of 32 KiB and a byte', COMPUTE_BUDGET_PROGRAM, [], bytesOf(1, u32(32 * 1024 + 1)), 'compute-budget-invalid'],
  ['data size', COMPUTE_BUDGET_PROGRAM, [], bytesOf(4, u32(1)), 'compute-budget setLoadedAccountsDataSizeLimit'],
  ['data size 0', COMPUTE_BUDGET_PROGRAM, [], bytesOf(4, u32(0)), 'compute-budget-invalid'],
  ['deprecated request', COMPUTE_BUDGET_PROGRAM, [], bytesOf(0, u32(1), u32(1)), 'instruction-unknown'],
  ['tag 5', COMPUTE_BUDGET_PROGRAM, [], bytesOf(5, u32(1)), 'instruction-unknown'],
  ['no data', COMPUTE_BUDGET_PROGRAM, [], bytesOf(), 'instruction-unknown'],
  ['limit with an account', COMPUTE_BUDGET_PROGRAM, [payer], bytesOf(2, u32(1)), 'instruction-malformed'],
  ['limit of four bytes', COMPUTE_BUDGET_PROGRAM, [], bytesOf(2, 1, 0, 0), 'instruction-malformed'],
  ['limit of six bytes', COMPUTE_BUDGET_PROGRAM, [], bytesOf(2, u32(1), 0), 'instruction-malformed'],
  ['price of five bytes', COMPUTE_BUDGET_PROGRAM, [], bytesOf(3, u32(1)), 'instruction-malformed'],

  ['memo v1', MEMO_V1_PROGRAM, [], text('invoice 7'), 'memo memo'],
  ['memo v3', MEMO_V3_PROGRAM, [payer], text('größe 💶'), 'memo memo'],
  ['memo v4', MEMO_V4_PROGRAM, [payer, cosigner], text(''), 'memo memo'],
  ['an account that does not sign', MEMO_V3_PROGRAM, [payer, other], text('x'), 'memo-invalid'],
  ['not UTF-8', MEMO_V3_PROGRAM, [], bytesOf(0xff), 'memo-invalid'],
  ['an overlong slash', MEMO_V3_PROGRAM, [], bytesOf(0xc0, 0xaf), 'memo-invalid'],
  ['half a surrogate', MEMO_V3_PROGRAM, [], bytesOf(0xed, 0xa0, 0x80), 'memo-invalid'],
  ['cut in a character', MEMO_V3_PROGRAM, [], bytesOf(0xe2, 0x82), 'memo-invalid'],

  ['token transfer checked', TOKEN_PROGRAM, four, checked, 'token transferChecked'],
  ['token-2022 transfer checked', TOKEN_2022_PROGRAM, four, checked, 'token-2022 transferChecked'],
  ['three accounts', TOKEN_PROGRAM, four.slice(1), checked, 'instruction-malformed'],
  ['a multisig signer behind', TOKEN_PROGRAM, [...four, cosigner], checked, 'instruction-malformed'],
  ['a hook account behind', TOKEN_2022_PROGRAM, [...four, SQUADS], checked, 'instruction-malformed'],
  ['nine bytes', TOKEN_PROGRAM, four, checked.subarray(0, -1), 'instruction-malformed'],
  ['eleven bytes', TOKEN_PROGRAM, four, bytesOf(checked, 0), 'instruction-malformed'],
  ['no data', TOKEN_PROGRAM, four, bytesOf(), 'instruction-unknown'],

  ['create without data', ASSOCIATED_TOKEN_PROGRAM, ata, bytesOf(), 'associated-token create'],
  ['create', ASSOCIATED_TOKEN_PROGRAM, ata, bytesOf(0), 'associated-token create'],
  ['create idempotent', ASSOCIATED_TOKEN_PROGRAM, ata, bytesOf(1), 'associated-token createIdempotent'],
  [
    'for token-2022',
    ASSOCIATED_TOKEN_PROGRAM,
    with_(ata, 5, TOKEN_2022_PROGRAM),
    bytesOf(1),
    'associated-token createIdempotent',
  ],
  ['two bytes', ASSOCIATED_TOKEN_PROGRAM, ata, bytesOf(1, 0), 'instruction-malformed'],
  ['five accounts', ASSOCIATED_TOKEN_PROGRAM, ata.slice(0, 5), bytesOf(1), 'instruction-malformed'],
  ['the rent account behind', ASSOCIATED_TOKEN_PROGRAM, [...ata, cosigner], bytesOf(1), 'instruction-malformed'],
  ['another system program', ASSOCIATED_TOKEN_PROGRAM, with_(ata, 4, SQUADS), bytesOf(1), 'instruction-malformed'],
  ['another token program', ASSOCIATED_TOKEN_PROGRAM, with_(ata, 5, SQUADS), bytesOf(1), 'instruction-malformed'],

  ['a program nobody decodes', UNKNOWN, [payer], bytesOf(1), 'program-unknown'],
];

t.test('one rule a row', async (t) => {
  for (const [what, program, accounts, data, outcome] of rows) {
    t.equal(outcomeOf(program, accounts, data), outcome, `${pubkeyToBase58(program).slice(0, 8)}: ${what}`);
  }
});

t.test('each kind of compute budget instruction at most once', async (t) => {
  const limit = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(2, u32(1)) };
  const price = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(3, 1n) };
  const results = decodeCalls(limit, price, limit, { program: MEMO_V3_PROGRAM, accounts: [], data: text('') }, price);
  t.match(results, [
    { ok: true },
    { ok: true },
    { ok: false, refusal: { code: 'compute-budget-invalid', path: 'transactions[0].instructions[2]' } },
    { ok: true },
    { ok: false, refusal: { code: 'compute-budget-invalid', path: 'transactions[0].instructions[4]' } },
  ]);
});

t.test('a refusal names the program in base58 and the place', async (t) => {
  const [result] = decodeInstructions(buildMessage([payer], [{ program: UNKNOWN, accounts: [], data: bytesOf() }]), {
    path: 'transactions[3]',
  });
  t.match(result, { refusal: { path: 'transactions[3].instructions[0]', detail: pubkeyToBase58(UNKNOWN) } });
});

t.test('the compute units of fees tell built-in programs from others', async (t) => {
  const call = (program: Pubkey) => ({ program, accounts: [], data: bytesOf() });
  const all = [
    SYSTEM_PROGRAM,
    COMPUTE_BUDGET_PROGRAM,
    MEMO_V3_PROGRAM,
    TOKEN_PROGRAM,
    ASSOCIATED_TOKEN_PROGRAM,
    SYSTEM_PROGRAM,
  ];
  t.equal(countBuiltins(buildMessage([payer], all.map(call))), 3);
});

t.test('fees', async (t) => {
  type Row = [
    what: string,
    signatures: number,
    limit: number | null,
    price: bigint | null,
    builtin: number,
    other: number,
    base: bigint,
    priority: bigint,
  ];
  const fees: Row[] = [
    ['no price', 1, null, null, 1, 0, 5_000n, 0n],
    ['two signatures', 2, 200_000, null, 1, 0, 10_000n, 0n],
    ['limit and price, as measured', 1, 100_000, 1_000_000n, 3, 0, 5_000n, 100_000n],
    ['default of two built-ins, as measured', 1, null, 1_000_000n, 2, 0, 5_000n, 6_000n],
    ['default with a memo, as measured', 1, null, 1_000_000n, 2, 1, 5_000n, 206_000n],
    ['rounded up', 1, 1, 1n, 1, 0, 5_000n, 1n],
    ['exact', 1, 1_000_000, 1n, 1, 0, 5_000n, 1n],
    ['limit 0', 1, 0, 1_000_000n, 1, 0, 5_000n, 0n],
    ['limit over the most', 1, 2_000_000, 1_000_000n, 1, 0, 5_000n, 1_400_000n],
    ['default over the most', 1, null, 1_000_000n, 1, 8, 5_000n, 1_400_000n],
    ['the largest price', 1, 1_400_000, 2n ** 64n - 1n, 1, 0, 5_000n, 25_825_441_703_193_372_261n],
  ];
  for (const [what, signatures, limit, microLamports, builtinInstructions, otherInstructions, base, priority] of fees) {
    const fee = computeFee({ signatures, limit, microLamports, builtinInstructions, otherInstructions });
    t.same(fee, { base, priority }, what);
  }
});

t.test('token account sizes', async (t) => {
  t.equal(tokenAccountSize('token', []), 165);
  t.equal(tokenAccountSize('token-2022', []), 170);
  t.equal(tokenAccountSize('token-2022', ['mintCloseAuthority', 'permanentDelegate']), 170);
  t.equal(tokenAccountSize('token-2022', ['transferFeeConfig']), 182);
  t.equal(tokenAccountSize('token-2022', ['transferHook', 'transferHook']), 175);
});
