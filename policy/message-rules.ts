/** The rules that a readable message must keep besides its layout: those of the chain's own sanitize, and the size of its transaction. */
import type { CompiledInstruction, Message, Refusal } from './message-parts.ts';
import {
  countLoaded,
  MAX_INSTRUCTIONS,
  MAX_KEYS,
  MAX_TRANSACTION_BYTES,
  MAX_V1_TRANSACTION_BYTES,
  refuse,
  SIGNATURE_BYTES,
} from './message-parts.ts';

/** Keys and signatures of a version 1 message. */
const MAX_V1_KEYS = 64;
const MAX_V1_SIGNATURES = 12;
/** Bytes. */
const HEAP_STEP = 1024;
const MIN_HEAP = 32 * HEAP_STEP;
const MAX_HEAP = 256 * HEAP_STEP;

/** The first rule that a message of `size` bytes breaks, or null. */
export function findSanitizeFault(message: Message, size: number): Refusal | null {
  return (
    findHeaderFault(message) ??
    findSizeFault(message, size) ??
    findLookupFault(message) ??
    (message.version === 1 ? findV1Fault(message) : null) ??
    findInstructionFault(message)
  );
}

function findHeaderFault({ requiredSignatures, readonlySigned, readonlyUnsigned, keys }: Message): Refusal | null {
  if (readonlySigned >= requiredSignatures) return refuse('header-invalid', 'no writable signer pays the fee');
  if (requiredSignatures + readonlyUnsigned > keys.length)
    return refuse('header-invalid', 'more keys are counted than listed');
  return new Set(keys).size === keys.length ? null : refuse('duplicate-key', `${keys.length} keys`);
}

function findSizeFault({ version, requiredSignatures, instructions }: Message, size: number): Refusal | null {
  const signatures = requiredSignatures * SIGNATURE_BYTES;
  const wireSize = version === 1 ? size + signatures : 1 + size + signatures;
  const most = version === 1 ? MAX_V1_TRANSACTION_BYTES : MAX_TRANSACTION_BYTES;
  if (wireSize > most) return refuse('message-too-large', `${wireSize} bytes with its signatures`);
  if (instructions.length <= MAX_INSTRUCTIONS) return null;
  return refuse('too-many-instructions', `${instructions.length} instructions`);
}

/** That a table adds a key which is there already shows only when its contents are known. */
function findLookupFault({ keys, lookups = [] }: Message): Refusal | null {
  const empty = lookups.some(({ writable, readonly }) => writable.length + readonly.length === 0);
  if (empty) return refuse('lookup-invalid', 'a lookup takes no key');
  const count = keys.length + countLoaded(lookups);
  return count <= MAX_KEYS ? null : refuse('lookup-invalid', `${count} keys with those of the tables`);
}

function findV1Fault({ requiredSignatures, keys, config = {} }: Message): Refusal | null {
  if (keys.length > MAX_V1_KEYS) return refuse('header-invalid', `${keys.length} keys`);
  if (requiredSignatures > MAX_V1_SIGNATURES) return refuse('header-invalid', `${requiredSignatures} signers`);
  const { heapSize } = config;
  if (heapSize === undefined || (heapSize >= MIN_HEAP && heapSize <= MAX_HEAP && heapSize % HEAP_STEP === 0))
    return null;
  return refuse('config-invalid', `a heap of ${heapSize} bytes; 32 to 256 KiB in whole KiB`);
}

function findInstructionFault({ keys, lookups, instructions }: Message): Refusal | null {
  const reach = keys.length + countLoaded(lookups);
  for (const [index, instruction] of instructions.entries()) {
    const wrong = findIndexFault(instruction, keys.length, reach);
    if (wrong !== null) return refuse('index-invalid', wrong, `instructions[${index}]`);
  }
  return null;
}

/** Programs stand in the message itself; accounts may come from a table. */
function findIndexFault({ program, accounts }: CompiledInstruction, keys: number, reach: number): string | null {
  if (program === 0) return 'the fee payer is named as the program';
  if (program >= keys) return `program ${program} of ${keys} keys`;
  for (const account of accounts) if (account >= reach) return `account ${account} of ${reach} keys`;
  return null;
}
