/** Requests and replies in frames: what both ends of the link agree on. */

import { hash } from 'node:crypto';
import type { Static } from 'typebox';
import type { Cbor } from './cbor.ts';
import { appendMember, decodeCbor, encodeCbor } from './cbor.ts';
import { ReeveError } from './errors.ts';
import { encodeFrame } from './frames.ts';
import { AGENT_FRAME_BYTES, OWNER_FRAME_BYTES } from './limits.ts';
import type { Append, ReplyFrame, RequestFrame } from './schema/frame.ts';
import type { Plane } from './schema/registry.ts';
import { isValid } from './validators.ts';

export type WireRequest = Static<typeof RequestFrame>;
export type WireReply = Static<typeof ReplyFrame>;
export type WireAppend = Static<typeof Append>;

export const FRAME_BYTES: Readonly<Record<Plane, number>> = { agent: AGENT_FRAME_BYTES, owner: OWNER_FRAME_BYTES };

/** Binds a reply to what was asked, so that a host that mixes replies up is noticed. */
export function hashParams(params: Record<string, unknown>): Uint8Array {
  return new Uint8Array(hash('sha256', encodeCbor(params as Cbor), 'buffer'));
}

/** A message in its frame, refused where it is over the plane's limit. */
export function encodeMessage(plane: Plane, message: WireRequest | WireReply): Uint8Array {
  return frameBody(plane, encodeCbor(message as unknown as Cbor));
}

/** A reply in its frame, from its encoding without `append` and those of the appends. */
export function encodeReply(plane: Plane, reply: Uint8Array, appends: readonly Uint8Array[]): Uint8Array {
  return frameBody(plane, appends.length === 0 ? reply : appendMember(reply, 'append', appends));
}

function frameBody(plane: Plane, body: Uint8Array): Uint8Array {
  const limit = FRAME_BYTES[plane];
  if (body.length > limit) throw new ReeveError('frame-size', { limit, observed: body.length });
  return encodeFrame(body);
}

export function decodeRequest(body: Uint8Array): WireRequest {
  const value = decodeCbor(body);
  if (!isValid('RequestFrame', value)) throw new ReeveError('request-malformed', { what: 'request' });
  return value;
}

export function decodeReply(body: Uint8Array): WireReply {
  const value = decodeCbor(body);
  if (!isValid('ReplyFrame', value)) throw new ReeveError('request-malformed', { what: 'reply' });
  return value;
}
