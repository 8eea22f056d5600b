/**
 * The signature precompiles. They check signatures that stand in the message and touch no account; what the signatures mean is for the
 * program that looks at them. Each costs what a signature of the transaction costs.
 */
import type { Pubkey } from '../types.ts';
import { ED25519_PROGRAM, SECP256K1_PROGRAM, SECP256R1_PROGRAM } from './addresses.ts';
import type { Decoded, RawInstruction } from './raw.ts';
import { fault } from './raw.ts';

export interface SignatureCheck {
  readonly program: 'ed25519' | 'secp256k1' | 'secp256r1';
  readonly name: 'verify';
  readonly signatures: number;
}

interface Precompile {
  readonly program: SignatureCheck['program'];
  /** Bytes before the first signature's offsets: the count, and for two of them padding. */
  readonly header: number;
  /** Bytes of the offsets of one signature. */
  readonly offsets: number;
}

const precompiles: ReadonlyMap<Pubkey, Precompile> = new Map<Pubkey, Precompile>([
  [ED25519_PROGRAM, { program: 'ed25519', header: 2, offsets: 14 }],
  [SECP256K1_PROGRAM, { program: 'secp256k1', header: 1, offsets: 11 }],
  [SECP256R1_PROGRAM, { program: 'secp256r1', header: 2, offsets: 14 }],
]);

/** How many signatures the chain charges for an instruction; 0 for any other program. Also where the instruction is malformed. */
export function countInnerSignatures(program: Pubkey, data: Uint8Array): number {
  return precompiles.has(program) ? (data[0] ?? 0) : 0;
}

/** What follows the offsets is not looked at: offsets may point into other instructions. */
export function decodePrecompile({ program, accounts, data }: RawInstruction): Decoded<SignatureCheck> {
  const kind = precompiles.get(program);
  if (kind === undefined) return fault('program-unknown', 'no precompile');
  const signatures = data[0] ?? 0;
  const least = kind.header + signatures * kind.offsets;
  if (accounts.length !== 0 || data.length < least || signatures === 0)
    return fault('instruction-malformed', `verify takes no accounts, a signature and at least ${least} bytes`);
  return { ok: true, value: { program: kind.program, name: 'verify', signatures } };
}
