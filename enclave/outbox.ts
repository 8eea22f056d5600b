/**
 * Replies on their way out. All that are finished in one turn of the event loop leave together: each wallet's new receipts travel, under
 * one head signature, with the first reply that has room for them. The host stores them before it releases anything.
 */

import { FRAME_MARGIN_BYTES } from './limits.ts';
import type { Cbor } from './link/cbor.ts';
import { encodeCbor } from './link/cbor.ts';
import { ReeveError } from './link/errors.ts';
import { APPEND_BYTES } from './link/limits.ts';
import type { WireReply } from './link/messages.ts';
import { encodeReply, FRAME_BYTES } from './link/messages.ts';
import type { Plane } from './link/schema/registry.ts';
import type { Log } from './log.ts';
import { describeFault } from './log.ts';
import type { Answer } from './planes/answer.ts';
import type { Chain, ChainPool } from './wallet/chain.ts';
import { rewindHandover, takePending } from './wallet/chain.ts';

/** Wallets other than the reply's own whose receipts are tried for one reply: one that never fits must not cost every reply a search. */
const OTHER_WALLETS = 16;

/** The end of a connection that replies are written to. */
export interface ReplySink {
  readonly plane: Plane;
  /** Chains that handed receipts to this connection: handed over again when it breaks. */
  readonly handed: Set<Chain>;
  isOpen(): boolean;
  /** Takes whole frames. */
  write(frames: Uint8Array): void;
  /** No more replies follow. */
  end(): void;
}

export interface FinishedReply {
  readonly sink: ReplySink;
  readonly n: number;
  readonly asked: Uint8Array;
  readonly outcome: { readonly answer: Answer<object> } | { readonly error: ReeveError };
  /** After a protocol fault the connection ends with this reply. */
  readonly isLast?: boolean;
}

export interface Outbox {
  push(reply: FinishedReply): void;
}

export function createOutbox(pool: ChainPool, log: Log): Outbox {
  let waiting: FinishedReply[] = [];

  function flush(): void {
    const replies = waiting;
    waiting = [];
    const frames = new Map<ReplySink, Uint8Array[]>();
    for (const reply of replies) {
      const { sink } = reply;
      if (!sink.isOpen()) continue;
      const earlier = frames.get(sink);
      const frame = makeFrame(reply, pool, log);
      if (earlier === undefined) frames.set(sink, [frame]);
      else earlier.push(frame);
    }
    // One write for all frames of a connection: each is a system call.
    for (const [sink, own] of frames) sink.write(Buffer.concat(own));
    for (const { sink, isLast } of replies) if (isLast === true) sink.end();
  }

  return {
    push(reply) {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(reply);
    },
  };
}

/** What was handed to a broken connection counts as not handed over. */
export function forgetSink(sink: ReplySink): void {
  for (const chain of sink.handed) rewindHandover(chain);
  sink.handed.clear();
}

function makeFrame(reply: FinishedReply, pool: ChainPool, log: Log): Uint8Array {
  const { plane } = reply.sink;
  try {
    const bare = describeReply(reply);
    const room = FRAME_BYTES[plane] - bare.length - FRAME_MARGIN_BYTES;
    return encodeReply(
      plane,
      bare,
      collectAppends(reply, pool, plane === 'agent' ? Math.min(room, APPEND_BYTES) : room),
    );
  } catch (error) {
    log.error('reply-failed', describeFault(error));
    const fault = error instanceof ReeveError ? error : new ReeveError('internal', {});
    return encodeReply(plane, describeReply({ ...reply, outcome: { error: fault } }), []);
  }
}

/** The reply without receipts, as CBOR. */
function describeReply({ n, asked, outcome }: FinishedReply): Uint8Array {
  const place = { n, asked };
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    const reply: WireReply = { ...place, error: { code, detail: message.slice(0, 1000) } };
    return encodeCbor(reply as Cbor);
  }
  const { result, after } = outcome.answer;
  const reply: WireReply = {
    ...place,
    result: result as Record<string, unknown>,
    ...(after !== undefined && { after }),
  };
  return encodeCbor(reply as Cbor);
}

function collectAppends({ outcome, sink }: FinishedReply, pool: ChainPool, room: number): Uint8Array[] {
  const answer = 'answer' in outcome ? outcome.answer : null;
  if (answer?.append !== undefined) return [encodeCbor(answer.append as Cbor)];
  const appends: Uint8Array[] = [];
  let left = room;
  for (const chain of pickChains(pool, answer?.wallet)) {
    const append = takePending(chain, left);
    if (append === null) continue;
    sink.handed.add(chain);
    const bytes = encodeCbor(append as Cbor);
    appends.push(bytes);
    left -= bytes.length;
  }
  return appends;
}

/** Wallets with receipts to hand over, `first` before the others. */
function pickChains({ dirty }: ChainPool, first: string | undefined): Chain[] {
  const own: Chain[] = [];
  const others: Chain[] = [];
  for (const chain of dirty) {
    if (chain.wallet === first) own.push(chain);
    else if (others.length < OTHER_WALLETS) others.push(chain);
  }
  return [...own, ...others];
}
