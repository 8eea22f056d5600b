import type { Address, Instruction as KitInstruction } from '@solana/kit';
import { createNoopSigner } from '@solana/kit';
import {
  getRequestHeapFrameInstruction,
  getSetComputeUnitLimitInstruction,
  getSetComputeUnitPriceInstruction,
  getSetLoadedAccountsDataSizeLimitInstruction,
} from '@solana-program/compute-budget';
import { getAddMemoInstruction } from '@solana-program/memo';
import { getTransferSolInstruction } from '@solana-program/system';
import {
  getCreateAssociatedTokenIdempotentInstruction,
  getCreateAssociatedTokenInstruction,
  getTransferCheckedInstruction,
} from '@solana-program/token';
import fc from 'fast-check';
import t from 'tap';
import type { Instruction } from '../../policy/instructions.ts';
import { decodeInstructions } from '../../policy/instructions.ts';
import { knownPubkey, pubkeyToBase58 } from '../../policy/keys.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_V3_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const [payer, other, third, fourth] = [1, 3, 4, 5].map(testKey) as [Pubkey, Pubkey, Pubkey, Pubkey];
const text = (value: string) => new TextEncoder().encode(value);

function decodeCall(call: Call) {
  return decodeInstructions(buildMessage([payer], [call]))[0];
}

/** What kit's own builders make must come back with the same values. */
t.test('instructions made by the program clients', async (t) => {
  const a = (key: Pubkey) => pubkeyToBase58(key) as Address;
  const signer = createNoopSigner(a(payer));
  const tokenProgram = TOKEN_2022_PROGRAM;
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const u32s = fc.integer({ min: 1, max: 2 ** 32 - 1 });
  const creation = { payer: signer, ata: a(other), owner: a(third), mint: a(fourth), tokenProgram: a(tokenProgram) };
  const created = {
    program: 'associated-token',
    payer,
    account: other,
    owner: third,
    mint: fourth,
    tokenProgram,
  } as const;
  const checkedAccounts = { source: a(other), mint: a(third), destination: a(fourth), authority: signer };

  const make = (amount: bigint, units: number, memo: string): [KitInstruction, Instruction][] => [
    [
      getTransferSolInstruction({ source: signer, destination: a(other), amount }),
      { program: 'system', name: 'transfer', from: payer, to: other, lamports: amount },
    ],
    [
      getTransferCheckedInstruction({ ...checkedAccounts, amount, decimals: units % 256 }),
      {
        program: 'token',
        name: 'transferChecked',
        source: other,
        mint: third,
        destination: fourth,
        authority: payer,
        amount,
        decimals: units % 256,
      },
    ],
    [getSetComputeUnitLimitInstruction({ units }), { program: 'compute-budget', name: 'setComputeUnitLimit', units }],
    [
      getSetComputeUnitPriceInstruction({ microLamports: amount }),
      { program: 'compute-budget', name: 'setComputeUnitPrice', microLamports: amount },
    ],
    [
      getSetLoadedAccountsDataSizeLimitInstruction({ accountDataSizeLimit: units }),
      { program: 'compute-budget', name: 'setLoadedAccountsDataSizeLimit', bytes: units },
    ],
    [
      getRequestHeapFrameInstruction({ bytes: 65_536 }),
      { program: 'compute-budget', name: 'requestHeapFrame', bytes: 65_536 },
    ],
    [
      getAddMemoInstruction({ memo, signers: [signer] }),
      { program: 'memo', name: 'memo', bytes: text(memo), signers: [payer] },
    ],
    [getCreateAssociatedTokenInstruction(creation), { ...created, name: 'create' }],
    [getCreateAssociatedTokenIdempotentInstruction(creation), { ...created, name: 'createIdempotent' }],
  ];
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(u64, u32s, fc.string({ unit: 'grapheme', maxLength: 40 }), (amount, units, memo) => {
        for (const [theirs, ours] of make(amount, units, memo)) {
          const accounts = (theirs.accounts ?? []).map((account) => knownPubkey(account.address));
          const data = Uint8Array.from(theirs.data ?? []);
          const result = decodeCall({ program: knownPubkey(theirs.programAddress), accounts, data });
          if (!result?.ok || !sameFields(result.value, ours))
            throw new Error(
              `${ours.program} ${ours.name}: ${JSON.stringify(result, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))}`,
            );
        }
      }),
      { seed: 10, numRuns: Math.ceil(10_000 * scale) },
    ),
  );
});

function sameFields(left: Instruction, right: Instruction): boolean {
  const show = (value: Instruction) =>
    JSON.stringify(Object.entries(value).sort(), (_, field) => (typeof field === 'bigint' ? `${field}n` : field));
  return show(left) === show(right);
}

t.test('no data and no accounts make a decoder throw', async (t) => {
  const known = [
    SYSTEM_PROGRAM,
    COMPUTE_BUDGET_PROGRAM,
    MEMO_V3_PROGRAM,
    TOKEN_PROGRAM,
    TOKEN_2022_PROGRAM,
    ASSOCIATED_TOKEN_PROGRAM,
  ];
  const tagged = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 4, 12), fc.uint8Array({ maxLength: 12 }))
    .map(([tag, rest]) => bytesOf(tag, rest));
  const accounts = fc.array(fc.constantFrom(payer, other, third, SYSTEM_PROGRAM, TOKEN_PROGRAM), { maxLength: 7 });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.constantFrom(...known), accounts, tagged, (program, list, data) => {
        decodeCall({ program, accounts: list, data });
      }),
      { seed: 11, numRuns: Math.ceil(50_000 * scale) },
    ),
  );
});
