import fc from 'fast-check';
import t from 'tap';
import { createFrameReader, encodeFrame } from '../../../enclave/link/frames.ts';
import { AGENT_FRAME_BYTES } from '../../../enclave/link/limits.ts';

const RUNS = Math.max(100, Math.round(10_000 * Number(process.env['REEVE_SCALE'] ?? 0.01)));

t.test('frames come out as they went in, however the stream is cut', (t) => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(encodeFrame));
      const read = createFrameReader(AGENT_FRAME_BYTES);
      const received: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = cuts[turn % cuts.length] as number;
        received.push(...read(stream.subarray(at, at + size)));
        at += size;
      }
      return (
        received.length === sent.length &&
        received.every((body, index) => Buffer.from(body).equals(sent[index] as Uint8Array))
      );
    }),
    { numRuns: RUNS, seed: 2 },
  );
  t.end();
});

const frame = encodeFrame(Buffer.from('hello'));
const withLength = (length: number) => {
  const bytes = Buffer.from(frame);
  bytes.writeUInt32BE(length, 0);
  return bytes;
};

const REFUSED: [what: string, bytes: Uint8Array, code: string][] = [
  ['an empty body', withLength(0), 'frame-size'],
  ['a length one over the limit', withLength(AGENT_FRAME_BYTES + 1), 'frame-size'],
  ['a length of 4 GiB', withLength(0xffffffff), 'frame-size'],
  ['a flipped bit in the body', Buffer.concat([frame.subarray(0, 8), Buffer.from('hellp')]), 'frame-checksum'],
  ['a flipped bit in the checksum', Buffer.from(frame).fill(0, 4, 5), 'frame-checksum'],
];

for (const [what, bytes, code] of REFUSED) {
  t.test(`refused: ${what}`, (t) => {
    t.throws(() => createFrameReader(AGENT_FRAME_BYTES)(bytes), { code });
    t.end();
  });
}

t.test('a header alone is enough to refuse a hostile length', (t) => {
  t.throws(() => createFrameReader(AGENT_FRAME_BYTES)(withLength(0x7fffffff).subarray(0, 8)), { code: 'frame-size' });
  t.same(createFrameReader(AGENT_FRAME_BYTES)(frame.subarray(0, 7)), [], 'an incomplete header waits');
  t.end();
});
