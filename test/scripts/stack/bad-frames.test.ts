/** The enclave's two planes, spoken to directly: what is not a request of the plane gets one code and ends its connection, and no other. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeCbor } from '../../../enclave/link/cbor.ts';
import { createFrameReader, encodeFrame } from '../../../enclave/link/frames.ts';
import { decodeReply, FRAME_BYTES } from '../../../enclave/link/messages.ts';
import { OWNER_METHODS } from '../../../enclave/link/schema/owner.ts';
import type { Plane } from '../../../enclave/link/schema/registry.ts';
import { checkWell, exchange, LEAK, openTour, SCALE } from './support.ts';

t.setTimeout(90_000);

const FRAMES = Math.max(20, Math.round(2000 * SCALE));

const tour = await openTour(t);
const { stack } = tour;

/** The codes of the replies that come before the enclave closes the connection. */
async function sendFrame(plane: Plane, bytes: Uint8Array): Promise<string[]> {
  const answer = await exchange(join(stack.layout.run, `${plane}.sock`), bytes, false);
  const bodies = createFrameReader(FRAME_BYTES[plane])(answer);
  t.notMatch(answer.toString('latin1'), LEAK);
  return bodies.map((body) => String((decodeReply(body) as { error?: { code: string } }).error?.code));
}

function withBrokenSum(frame: Uint8Array): Uint8Array {
  const broken = Uint8Array.from(frame);
  broken[4] = (broken[4] ?? 0) ^ 1;
  return broken;
}

const hello = encodeFrame(encodeCbor({ n: 1, method: 'hello', params: {} }));

const FRAME_ROWS: readonly [name: string, bytes: Uint8Array, code: string][] = [
  ['a length of nothing', new Uint8Array(8), 'frame-size'],
  ['a length over the limit', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), 'frame-size'],
  ['a wrong checksum', withBrokenSum(hello), 'frame-checksum'],
  ['a body that is no CBOR', encodeFrame(Uint8Array.of(0xff)), 'cbor-malformed'],
  ['CBOR with a byte behind it', encodeFrame(Buffer.concat([hello.subarray(8), Uint8Array.of(0)])), 'cbor-malformed'],
  ['a number for a request', encodeFrame(encodeCbor(7)), 'request-malformed'],
  ['an unknown method', encodeFrame(encodeCbor({ n: 1, method: 'seed.read', params: {} })), 'method-unknown'],
  ['a method of every object', encodeFrame(encodeCbor({ n: 1, method: 'constructor', params: {} })), 'method-unknown'],
];

const planes: readonly Plane[] = ['agent', 'owner'];
for (const plane of planes) {
  t.test(`frames on the ${plane} plane`, async (t) => {
    for (const [name, bytes, code] of FRAME_ROWS) {
      await t.test(name, async (t) => {
        t.strictSame(await sendFrame(plane, bytes), [code], 'one code, then the connection ends');
        await checkWell(t, tour);
      });
    }

    await t.test('every cut of a frame: no answer, no harm', async (t) => {
      const path = join(stack.layout.run, `${plane}.sock`);
      for (let length = 0; length < hello.length; length += 3)
        t.equal((await exchange(path, hello.subarray(0, length))).length, 0);
      await checkWell(t, tour);
    });

    await t.test(`${FRAMES} frames of random bytes`, async (t) => {
      for (let index = 0; index < FRAMES; index++) {
        const bytes = index % 2 === 0 ? encodeFrame(randomBytes(1 + (index % 97))) : randomBytes(8 + (index % 97));
        const answer = await exchange(join(stack.layout.run, `${plane}.sock`), bytes);
        t.notMatch(answer.toString('latin1'), LEAK);
      }
      await checkWell(t, tour);
    });
  });
}

t.test('an owner method on the agent plane is refused and ends the connection', async (t) => {
  const shared = ['hello', 'attest', 'receipts.since'];
  const methods = Object.keys(OWNER_METHODS).filter((method) => !shared.includes(method));
  t.ok(methods.length >= 7);
  for (const method of methods) {
    const frame = encodeFrame(encodeCbor({ n: 1, method, params: {} }));
    const after = encodeFrame(encodeCbor({ n: 2, method: 'hello', params: {} }));
    const codes = await sendFrame('agent', Buffer.concat([frame, after]));
    t.strictSame(codes, ['method-unknown'], `${method}: and nothing after it is answered`);
  }
  await checkWell(t, tour);
});

t.test('after all of it the same enclave runs, and nothing failed that must not', (t) => {
  const enclave = stack.parts.get('enclave')?.process;
  t.strictSame([enclave?.exitCode, enclave?.signalCode], [null, null]);
  t.notMatch(readFileSync(join(stack.layout.logs, 'enclave.log'), 'utf8'), /internal|request-failed/);
  t.end();
});
