/** The policy engine's bench: what decoding and judging costs beside kit's decoding alone, and that lists and windows cost nothing. */
import { getCompiledTransactionMessageDecoder } from '@solana/kit';
import type { BenchReport, Case, Goal } from './measure.ts';
import { bench } from './measure.ts';
import { judgeCase, messageOf, paySol, payToken, policyOf } from './policy-cases.ts';

const FEW = 10;
const MANY = 2_000;
/** Recipients of the transaction with 30 instructions: their keys have to fit it. */
const PAID = 14;
/** What flat means: the median of the larger case over that of the smaller. */
const FLAT = 1.25;

const two = messageOf([paySol(0), paySol(1)]);
const thirty = messageOf(Array.from({ length: 30 }, (_, index) => paySol(index % PAID)));
const token = messageOf([await payToken(0), await payToken(1)]);
const kit = getCompiledTransactionMessageDecoder();
const plain = policyOf(FEW + PAID, 1);

const KIT = 'kit: decode, 2 transfers';
const KIT_THIRTY = 'kit: decode, 30 transfers';
const TWO = 'decode and judge, 2 transfers';
const TOKEN = 'decode and judge, 2 token transfers';
const THIRTY = 'decode and judge, 30 transfers';
const recipientsCase = (count: number) => `2 token transfers, ${count} recipients`;
const windowsCase = (count: number) => `2 token transfers, ${count} windows`;

const cases: readonly Case[] = [
  { name: KIT, run: () => kit.decode(two) },
  { name: TWO, run: judgeCase(plain, two) },
  { name: TOKEN, run: judgeCase(plain, token) },
  { name: KIT_THIRTY, run: () => kit.decode(thirty) },
  { name: THIRTY, run: judgeCase(plain, thirty) },
  ...[FEW, MANY].map((count) => ({ name: recipientsCase(count), run: judgeCase(policyOf(count, 1), token) })),
  ...[1, 8].map((count) => ({ name: windowsCase(count), run: judgeCase(policyOf(FEW, count), token) })),
];

const goals: readonly Goal[] = [
  { text: 'two transfers, against kit’s decoding of them', of: TWO, over: KIT, most: 1.3 },
  { text: 'two token transfers, against kit’s decoding of two transfers', of: TOKEN, over: KIT, most: 1.3 },
  { text: '30 transfers, against kit’s decoding of two', of: THIRTY, over: KIT, most: 10 },
  {
    text: `${MANY} recipients, against ${FEW}`,
    of: recipientsCase(MANY),
    over: recipientsCase(FEW),
    most: FLAT,
  },
  { text: '8 windows, against 1', of: windowsCase(8), over: windowsCase(1), most: FLAT },
];

export function benchPolicy(): BenchReport {
  return bench(cases, goals);
}
