/** Commands signed together: what is signed, and what each command brings with it. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { BATCH_DEPTH, COMMANDS_PER_BATCH } from '../limits.ts';
import { Bytes, Bytes32, Fields } from './blocks.ts';

/** What is signed for all: how many commands, and the root of the tree over their payloads. */
export const BatchCommitment = Fields({
  v: Type.Literal(1),
  size: Type.Integer({ minimum: 1, maximum: COMMANDS_PER_BATCH }),
  root: Bytes32(),
});
export type BatchCommitment = Static<typeof BatchCommitment>;

/** One of them, instead of a COSE_Sign1 of its own. `signed` is the COSE_Sign1 over the commitment. */
export const BatchedCommand = Fields({
  payload: Bytes(1, 1024),
  salt: Bytes32(),
  index: Type.Integer({ minimum: 0, maximum: COMMANDS_PER_BATCH - 1 }),
  path: Type.Array(Bytes32(), { maxItems: BATCH_DEPTH }),
  signed: Bytes(1, 512),
});
export type BatchedCommand = Static<typeof BatchedCommand>;
