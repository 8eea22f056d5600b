/** A host that mixes up replies: none is taken for the answer to another request. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { connectLink } from '../../../enclave/link/client.ts';
import { createFrameReader } from '../../../enclave/link/frames.ts';
import type { WireRequest } from '../../../enclave/link/messages.ts';
import { decodeRequest, encodeMessage, FRAME_BYTES, hashParams } from '../../../enclave/link/messages.ts';
import { seedRandom } from '../../fuzz/random.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const REPLIES = Math.max(1_000, Math.round(10_000 * SCALE));
/** Requests whose replies are mixed with each other. */
const TOGETHER = 100;

t.test(`${REPLIES} replies, shuffled`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rv-replies-'));
  const path = join(folder, 'o.sock');
  const random = seedRandom(16);
  /** Requests by seq that were answered with their own reply. */
  const honest = new Set<number>();
  let waiting: WireRequest[] = [];
  const hashOf = ({ params }: WireRequest) => hashParams(params as Record<string, unknown>);
  const seqOf = ({ params }: WireRequest) => (params as { seq: number }).seq;
  const answerAll = (socket: Socket) => {
    const [asked, mixed] = [waiting, [...waiting]];
    waiting = [];
    for (let at = mixed.length - 1; at > 0; at -= 1) {
      const other = random.below(at + 1);
      [mixed[at], mixed[other]] = [mixed[other] as WireRequest, mixed[at] as WireRequest];
    }
    asked.forEach((request, index) => {
      const shown = random.below(2) === 0 ? request : (mixed[index] as WireRequest);
      if (seqOf(shown) === seqOf(request)) honest.add(seqOf(request));
      socket.write(encodeMessage('owner', { n: request.n, asked: hashOf(shown), result: { more: true } }));
    });
  };
  const server = createServer((socket) => {
    const read = createFrameReader(FRAME_BYTES.owner);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      waiting.push(...read(chunk).map(decodeRequest));
      if (waiting.length >= TOGETHER) answerAll(socket);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const link = await connectLink('owner', { kind: 'unix', path }, () => undefined);
  const accepted = new Set<number>();
  const codes = new Set<string>();
  for (let from = 0; from < REPLIES; from += TOGETHER) {
    const requests = Array.from({ length: TOGETHER }, (_, index) =>
      link.request('receipts.since', { wallet: 'w', seq: from + index }).then(
        () => accepted.add(from + index),
        (cause) => codes.add(cause.code),
      ),
    );
    await Promise.all(requests);
  }
  link.close();
  t.strictSame([...accepted].sort(), [...honest].sort(), 'accepted are exactly those that were answered honestly');
  t.ok(honest.size > REPLIES / 4 && honest.size < (REPLIES * 3) / 4, `${honest.size} of ${REPLIES}`);
  t.strictSame([...codes], ['reply-mismatch']);
});
