/** Request and reply as they stand in a frame. `params` and `result` are judged by their method's schema. */

import { Type } from 'typebox';
import { OWNER_FRAME_BYTES } from '../limits.ts';
import { Bytes, Bytes32, Counter, Fields, WalletName } from './blocks.ts';

const AnyMap = Type.Object({}, { additionalProperties: true });

export const RequestFrame = Fields({ n: Counter(), method: Type.String({ maxLength: 40 }), params: AnyMap });

/** Receipts of one wallet the host must append, oldest first, with the signature over the newest: "persist, then release". */
export const Append = Fields({
  wallet: WalletName(),
  receipts: Type.Array(Bytes(1, OWNER_FRAME_BYTES), { minItems: 1, maxItems: 1024 }),
  signedHead: Bytes(1, 1024),
});

export const WireError = Fields({
  code: Type.String({ maxLength: 64 }),
  detail: Type.String({ maxLength: 1024 }),
});

/**
 * `asked` is the SHA-256 of the request's params. `append` comes first to the disk; `after` says which receipt must be stored before the result
 * may be released to anyone (absent: at once, as for refusals).
 */
export const ReplyFrame = Fields({
  n: Counter(),
  asked: Bytes32(),
  result: Type.Optional(AnyMap),
  error: Type.Optional(WireError),
  append: Type.Optional(Type.Array(Append, { maxItems: 256 })),
  after: Type.Optional(Fields({ wallet: WalletName(), seq: Counter() })),
});
