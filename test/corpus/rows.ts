/** All rows of the corpus, in their order. */
import { callRows } from './rows/calls.ts';
import { carriedRows } from './rows/carried.ts';
import { costRows } from './rows/costs.ts';
import { formatRows } from './rows/formats.ts';
import { instructionRows } from './rows/instructions.ts';
import { paymentRows } from './rows/payments.ts';
import { proposalRows } from './rows/proposals.ts';
import { refusedRows } from './rows/refused.ts';
import { theftRows } from './rows/theft.ts';
import { trickRows } from './rows/tricks.ts';
import { limitRows } from './rows/vault-limits.ts';
import { treasuryRows } from './rows/walk-treasury.ts';
import { walkRows } from './rows/walks.ts';
import type { Draft } from './world.ts';

export const drafts: readonly Draft[] = [
  ...instructionRows,
  ...refusedRows,
  ...paymentRows,
  ...costRows,
  ...theftRows,
  ...trickRows,
  ...limitRows,
  ...proposalRows,
  ...callRows,
  ...carriedRows,
  ...formatRows,
  ...walkRows,
  ...treasuryRows,
];
