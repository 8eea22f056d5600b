/** The wire's CBOR profile. */
import { decodeCbor, encodeCbor } from '../../../enclave/link/cbor.ts';
import { isReeveError } from '../../../enclave/link/errors.ts';
import type { Answer, Target } from '../harness.ts';

const hash = new Uint8Array(32).fill(9);
const values = [
  { n: 1, method: 'sign', params: { wallet: 'alice', transactions: [new Uint8Array(300)], owners: [hash] } },
  { n: 70_000, result: { signature: hash, seq: 4_294_967_295, time: 1_800_000_000_000n, charges: { SOL: 5_000n } } },
  { list: [0, 23, 24, 255, 256, 65_535, 65_536, -1, -24, -25, -300, true, false, null, 'text', ''] },
  [[[[[[[['deep']]]]]]]],
];
/** Heads of every major type at every width, and what the profile refuses. */
const heads =
  '00 17 1800 1818 190100 1a00010000 1b0000000100000000 20 3818 40 5820 590100 5b00000000ffffffff 60 7820 80 9820 9f a0 b820 bf c0 d81c d9dfff f4 f6 f7 f97e00 fb3ff0000000000000 ff';

function run(input: Uint8Array): Answer {
  try {
    return { code: 'ok', encoded: encodeCbor(decodeCbor(input)) };
  } catch (error) {
    if (isReeveError(error) && error.code === 'cbor-malformed') return { code: `refused: ${error.message}` };
    throw error;
  }
}

export const cbor: Target = {
  name: 'cbor',
  inputs: 200_000,
  longest: 2_000,
  seeds: values.map((value) => encodeCbor(value)),
  tokens: heads.split(' ').map((hex) => Uint8Array.fromHex(hex)),
  run,
};
