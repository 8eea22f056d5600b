/** Transactions as they travel: signature slots and a message, in either order. */
import { concatBytes } from '../../../policy/bytes.ts';
import { SIGNATURE_BYTES } from '../../../policy/message.ts';
import { VERSION_1_BYTE } from '../../../policy/message-parts.ts';
import { decodeTransaction } from '../../../policy/transaction.ts';
import type { Answer, Target } from '../harness.ts';
import { messages } from './messages.ts';

/** The message with as many signatures as its own header asks for. */
function withSignatures(message: Uint8Array): Uint8Array {
  const first = message[0] ?? 0;
  const count = (first < 0x80 ? first : message[1]) ?? 0;
  const signatures = new Uint8Array(count * SIGNATURE_BYTES).fill(7);
  return first === VERSION_1_BYTE
    ? concatBytes(message, signatures)
    : concatBytes(Uint8Array.of(count), signatures, message);
}

function run(input: Uint8Array): Answer {
  const decoded = decodeTransaction(input);
  if (!decoded.ok) return { code: decoded.refusal.code };
  const { messageBytes, signatures } = decoded.value;
  const parts = messageBytes[0] === VERSION_1_BYTE ? [messageBytes, ...signatures] : [...signatures, messageBytes];
  const count = messageBytes[0] === VERSION_1_BYTE ? [] : [Uint8Array.of(signatures.length)];
  return { code: 'ok', encoded: concatBytes(...count, ...parts) };
}

export const transactions: Target = {
  name: 'transactions',
  inputs: 200_000,
  longest: 4_200,
  seeds: messages.seeds.map(withSignatures),
  tokens: [],
  run,
};
