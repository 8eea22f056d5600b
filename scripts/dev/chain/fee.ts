/** What a transaction costs its fee payer, in lamports: 5000 per signature, and compute limit times price for legacy and v0 messages. */
import type { WireInstruction, WireMessage } from './wire.ts';

export const LAMPORTS_PER_SIGNATURE = 5000n;
const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111';
/** Programs whose default compute limit is 3,000 units; every other instruction counts 200,000. */
const BUILTIN_PROGRAMS = new Set([
  '11111111111111111111111111111111',
  COMPUTE_BUDGET,
  'Vote111111111111111111111111111111111111111',
  'BPFLoader1111111111111111111111111111111111',
  'BPFLoader2111111111111111111111111111111111',
  'BPFLoaderUpgradeab1e11111111111111111111111',
]);
/** Programs that verify signatures of their own; the first data byte counts them and each costs like one of the transaction. */
const SIGNATURE_PROGRAMS = new Set([
  'Ed25519SigVerify111111111111111111111111111',
  'KeccakSecp256k11111111111111111111111111111',
  'Secp256r1SigVerify1111111111111111111111111',
]);
const BUILTIN_UNITS = 3000n;
const PROGRAM_UNITS = 200_000n;
const MAX_UNITS = 1_400_000n;
const MICRO_LAMPORTS = 1_000_000n;
const SET_UNIT_LIMIT = 2;
const SET_UNIT_PRICE = 3;

/** The fee of a message, whether it succeeds or fails. */
export function computeFee(message: WireMessage): bigint {
  const extra = message.instructions
    .filter((instruction) => SIGNATURE_PROGRAMS.has(programOf(message, instruction)))
    .reduce((sum, instruction) => sum + BigInt(instruction.data[0] ?? 0), 0n);
  const base = (BigInt(message.signers) + extra) * LAMPORTS_PER_SIGNATURE;
  return base + (message.version === 1 ? message.priorityFee : computePriority(message));
}

function computePriority(message: WireMessage): bigint {
  const limit = readBudget(message, SET_UNIT_LIMIT, 4) ?? sumDefaultUnits(message);
  const price = readBudget(message, SET_UNIT_PRICE, 8) ?? 0n;
  const units = limit < MAX_UNITS ? limit : MAX_UNITS;
  return (units * price + MICRO_LAMPORTS - 1n) / MICRO_LAMPORTS;
}

function sumDefaultUnits(message: WireMessage): bigint {
  return message.instructions.reduce((sum, instruction) => {
    const builtin = BUILTIN_PROGRAMS.has(programOf(message, instruction));
    return sum + (builtin ? BUILTIN_UNITS : PROGRAM_UNITS);
  }, 0n);
}

/** The little-endian operand of the ComputeBudget instruction with this tag, or null. */
function readBudget(message: WireMessage, tag: number, size: 4 | 8): bigint | null {
  const found = message.instructions.find(
    (instruction) => programOf(message, instruction) === COMPUTE_BUDGET && instruction.data[0] === tag,
  );
  if (found === undefined || found.data.length < 1 + size) return null;
  return found.data.slice(1, 1 + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function programOf(message: WireMessage, instruction: WireInstruction): string {
  return message.accounts[instruction.program] ?? '';
}
