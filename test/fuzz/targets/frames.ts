/** The stream of frames on a link, cut into chunks as a socket may cut it, with the CBOR inside. */
import { decodeCbor, encodeCbor } from '../../../enclave/link/cbor.ts';
import { isReeveError } from '../../../enclave/link/errors.ts';
import { createFrameReader, encodeFrame } from '../../../enclave/link/frames.ts';
import { AGENT_FRAME_BYTES } from '../../../enclave/link/limits.ts';
import { isValid } from '../../../enclave/link/validators.ts';
import { concatBytes, equalBytes } from '../../../policy/bytes.ts';
import type { Answer, Target } from '../harness.ts';

const request = (n: number, bytes: number) =>
  encodeFrame(encodeCbor({ n, method: 'sign', params: { wallet: 'alice', transaction: new Uint8Array(bytes) } }));

/** The bodies of all whole frames; a chunk of `size` bytes at a time. */
function readFrames(input: Uint8Array, size: number): Uint8Array[] {
  const read = createFrameReader(AGENT_FRAME_BYTES);
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < input.length; at += size) bodies.push(...read(input.subarray(at, at + size)));
  return bodies;
}

/** However the stream is cut, it holds the same frames; written again they are what was read. */
function run(input: Uint8Array): Answer {
  try {
    const bodies = readFrames(input, input.length || 1);
    const pieces = readFrames(input, 1 + (input.length % 13));
    if (!equalBytes(concatBytes(...bodies), concatBytes(...pieces)))
      throw new Error('cut otherwise it reads otherwise');
    const written = concatBytes(...bodies.map(encodeFrame));
    const rest = input.subarray(written.length);
    const answers = bodies.map((body) => (isValid('RequestFrame', decodeCbor(body)) ? 'ok' : 'not a request'));
    return { code: answers[0] ?? 'nothing whole', encoded: concatBytes(written, rest) };
  } catch (error) {
    if (isReeveError(error)) return { code: error.code };
    throw error;
  }
}

/** A changed frame mostly fails its checksum: half of the inputs are bodies that get a true one. */
function runBody(input: Uint8Array): Answer {
  return input[0] === 0 ? run(input) : { code: run(encodeFrame(input.subarray(0, AGENT_FRAME_BYTES))).code };
}

export const frames: Target = {
  name: 'frames',
  inputs: 200_000,
  longest: 20_000,
  seeds: [request(1, 200), concatBytes(request(2, 0), request(3, 40)), request(4, 200).subarray(8)],
  tokens: [request(5, 3), Uint8Array.of(0, 0, 0x40, 0), Uint8Array.of(0, 0, 0x40, 1), Uint8Array.of(0, 0, 0, 0)],
  run: runBody,
};
