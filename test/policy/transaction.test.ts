import { getTransactionDecoder } from '@solana/kit';
import t from 'tap';
import { encodeMessage } from '../../policy/message.ts';
import { SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import { attachSignature, decodeTransaction } from '../../policy/transaction.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

const call = { program: SYSTEM_PROGRAM, accounts: [testKey(1), testKey(2)], data: bytesOf(2, 0, 0, 0, 1n) };
const one = encodeMessage(buildMessage([testKey(1)], [call]));
const two = encodeMessage(buildMessage([testKey(1), testKey(3)], [call]));
const v1 = encodeMessage({ ...buildMessage([testKey(1), testKey(3)], [call]), version: 1, config: {} });
const empty = new Uint8Array(64);
const full = new Uint8Array(64).fill(7);

/** A message with one signer of exactly so many bytes. */
function sized(version: 0 | 1, size: number): Uint8Array {
  const make = (length: number) => {
    const message = buildMessage([testKey(1)], [{ ...call, data: new Uint8Array(length) }]);
    return encodeMessage(version === 1 ? { ...message, version, config: {} } : message);
  };
  return make(200 + size - make(200).length);
}

/** A whole message of version 1 with twelve signers, and so little behind it that its end counted from the wire's end lies before its beginning. */
function cutShort(): Uint8Array {
  const signers = Array.from({ length: 12 }, (_, index) => testKey(index + 1));
  const message = encodeMessage({ ...buildMessage(signers, [call]), version: 1, config: {} });
  const even =
    message.length % 2 === 0
      ? message
      : encodeMessage({ ...buildMessage(signers, [{ ...call, data: bytesOf(call.data, 0) }]), version: 1, config: {} });
  return bytesOf(even, new Uint8Array((12 * 64 - even.length) / 2));
}

t.test('one rule a row', async (t) => {
  const rows: [what: string, wire: Uint8Array, code: string][] = [
    ['one signer', bytesOf(1, empty, one), 'ok'],
    ['two signers', bytesOf(2, empty, full, two), 'ok'],
    ['nothing', new Uint8Array(0), 'undecodable'],
    ['no signature', bytesOf(0, one), 'signature-count'],
    ['a signature too many', bytesOf(2, empty, empty, one), 'signature-count'],
    ['a signature too few', bytesOf(1, empty, two), 'signature-count'],
    ['half a signature', bytesOf(1, empty.subarray(32)), 'undecodable'],
    ['signatures alone', bytesOf(1, empty), 'undecodable'],
    ['count in two bytes', bytesOf(0x82, 0x00, empty, empty, two), 'not-canonical'],
    ['count in two bytes, as version 1 begins', bytesOf(0x81, 0x00, empty, one), 'trailing-bytes'],
    ['version 1', bytesOf(v1, empty, full), 'ok'],
    ['version 1, a signature too few', bytesOf(v1, empty), 'undecodable'],
    ['version 1, a signature too many', bytesOf(v1, empty, empty, empty), 'trailing-bytes'],
    ['version 1, cut', v1.subarray(0, 2), 'undecodable'],
    ['4,097 bytes of version 1', bytesOf(v1, new Uint8Array(4097 - v1.length)), 'message-too-large'],
    ['a byte behind', bytesOf(1, empty, one, 0), 'trailing-bytes'],
    ['1,232 bytes', bytesOf(1, empty, sized(0, 1232 - 65)), 'ok'],
    ['1,233 bytes', bytesOf(1, empty, sized(0, 1233 - 65)), 'message-too-large'],
    ['4,096 bytes of version 1', bytesOf(sized(1, 4096 - 64), empty), 'ok'],
    ['version 1, so few signatures that the message would end early', cutShort(), 'undecodable'],
  ];
  for (const [what, wire, code] of rows) {
    const result = decodeTransaction(wire);
    t.equal(result.ok ? 'ok' : result.refusal.code, code, what);
  }
});

t.test('parts are copies of what stood there', async (t) => {
  const wire = Buffer.from(bytesOf(2, empty, full, two));
  const result = decodeTransaction(wire);
  wire.fill(0);
  if (!result.ok) return t.fail(result.refusal.detail);
  const { message, messageBytes, signatures } = result.value;
  t.same(Uint8Array.from(messageBytes), two);
  t.same(
    signatures.map((signature) => Uint8Array.from(signature)),
    [empty, full],
  );
  t.same(message, buildMessage([testKey(1), testKey(3)], [call]));
});

t.test('a signature goes into its slot and nowhere else', async (t) => {
  const wire = bytesOf(2, empty, empty, two);
  t.same(attachSignature(wire, 0, full), bytesOf(2, full, empty, two));
  t.same(attachSignature(wire, 1, full), bytesOf(2, empty, full, two));
  t.same(wire, bytesOf(2, empty, empty, two), 'the given bytes stay as they are');
  const kit = getTransactionDecoder().decode(attachSignature(wire, 1, full));
  t.same(Object.values(kit.signatures), [null, full]);
  t.same(Uint8Array.from(kit.messageBytes), two);
  t.same(attachSignature(bytesOf(v1, empty, empty), 1, full), bytesOf(v1, empty, full), 'version 1');
  for (const index of [-1, 2, 0.5]) {
    const error = { message: 'the transaction has no such signature slot' };
    t.throws(() => attachSignature(wire, index, full), error);
    t.throws(() => attachSignature(bytesOf(v1, empty, empty), index, full), error);
  }
  t.throws(() => attachSignature(wire, 0, full.subarray(1)), RangeError);
});
