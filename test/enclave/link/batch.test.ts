/** Commands signed together: one row per way in which one can be out of its place. */

import t from 'tap';
import type { Leaf } from '../../../enclave/link/batch.ts';
import { batchSigningBytes, openBatched, sealBatch } from '../../../enclave/link/batch.ts';
import type { Cbor } from '../../../enclave/link/cbor.ts';
import { decodeCbor, encodeCbor } from '../../../enclave/link/cbor.ts';
import { COMMAND_DOMAIN, encodeCommandPayload, openCommand, readPayload } from '../../../enclave/link/commands.ts';
import { decodeSign1, encodeSign1, encodeSigStructure } from '../../../enclave/link/cose.ts';
import { COMMANDS_PER_BATCH, KMS_SIGN_BYTES } from '../../../enclave/link/limits.ts';
import { hashLeaf } from '../../../enclave/link/merkle.ts';
import type { BatchedCommand } from '../../../enclave/link/schema/batch.ts';
import type { CommandName, CommandPayload } from '../../../enclave/link/schema/command.ts';
import { COMMANDS } from '../../../enclave/link/schema/command.ts';
import { makeKey } from '../../keys.ts';

const renewer = makeKey('renewer');
const other = makeKey('other');

function payloadOf(wallet: number, command: CommandName = 'lease.grant'): CommandPayload {
  const bytes = (value: number) => new Uint8Array(32).fill(value);
  const binding = { wallet: `agent-${wallet}`, boot: bytes(7), seq: 3, notAfter: 1_800_000_000_000n };
  return { v: 1, ...binding, command, bodyHash: bytes(wallet) };
}
function leafOf(payload: CommandPayload, salt = 0): Leaf {
  return { payload: encodeCommandPayload(payload), salt: new Uint8Array(32).fill(salt) };
}
function seal(leaves: readonly Leaf[], by = renewer): Uint8Array[] {
  return sealBatch(leaves, by.key, by.sign(batchSigningBytes(leaves, by.key)));
}

const leaves = Array.from({ length: 5 }, (_, index) => leafOf(payloadOf(index), index));
const messages = seal(leaves);
const first = messages[0] as Uint8Array;
const parts = (message: Uint8Array) => decodeCbor(message) as unknown as BatchedCommand;
/** The first command, changed after it was signed. */
const change = (changes: Partial<Record<keyof BatchedCommand, Cbor>>) => [
  encodeCbor({ ...parts(first), ...changes } as unknown as Cbor),
];
/** The same with another commitment under the same key, whose signature holds. */
function recommit(commitment: Cbor, domain = 'reeve/batch/v1'): Uint8Array[] {
  const payload = encodeCbor(commitment);
  const signature = renewer.sign(encodeSigStructure(renewer.key, domain, payload));
  return change({ signed: encodeSign1({ key: renewer.key, payload, signature }) });
}
const signed = decodeSign1(parts(first).signed);
const commitment = decodeCbor(signed.payload) as { root: Uint8Array; size: number; v: number };
const single = (domain: string) =>
  encodeSign1({
    key: renewer.key,
    payload: (leaves[0] as Leaf).payload,
    signature: renewer.sign(encodeSigStructure(renewer.key, domain, (leaves[0] as Leaf).payload)),
  });
const path = parts(first).path;

t.test('every command of a batch of any size opens to its own payload and the one signer', (t) => {
  for (const size of [1, 2, 3, 5, 8, 33, COMMANDS_PER_BATCH]) {
    const batch = Array.from({ length: size }, (_, index) => payloadOf(index));
    for (const [index, message] of seal(batch.map((payload) => leafOf(payload))).entries()) {
      t.equal(readPayload([message]).wallet, `agent-${index}`);
      if (index % 16 !== 0) openBatched(message);
      else t.match(openCommand([message]), { payload: batch[index] as CommandPayload, signers: [renewer.key] });
      if (message.length > 1024) t.fail(`${message.length} bytes`);
    }
  }
  t.end();
});

t.test('what KMS has to sign has one length, whatever the size', (t) => {
  const length = (size: number) =>
    batchSigningBytes(
      Array.from({ length: size }, () => leaves[0] as Leaf),
      renewer.key,
    ).length;
  t.ok(length(COMMANDS_PER_BATCH) < KMS_SIGN_BYTES / 8);
  t.equal(length(COMMANDS_PER_BATCH), length(24));
  t.throws(() => length(COMMANDS_PER_BATCH + 1), { code: 'command-batch' });
  t.throws(() => length(0), { code: 'command-batch' });
  t.throws(() => batchSigningBytes([{ ...(leaves[0] as Leaf), salt: new Uint8Array(16) }], renewer.key), {
    code: 'command-batch',
  });
  t.end();
});

/** The node above the first two leaves given out as one leaf, whose salt and payload are the two halves. */
const halves = {
  salt: hashLeaf((leaves[0] as Leaf).salt, (leaves[0] as Leaf).payload),
  payload: path[0] as Uint8Array,
};
const asLeaf = { ...halves, index: 0, path: path.slice(1) };
const halfAsMany = decodeCbor(recommit({ ...commitment, size: 3 })[0] as Uint8Array) as Record<string, Cbor>;

const REFUSED: readonly (readonly [what: string, envelope: Uint8Array[], code: string])[] = [
  ['another index', change({ index: 1 }), 'command-batch'],
  ['an index outside of the batch', change({ index: 5 }), 'command-batch'],
  ['an index outside of every batch', change({ index: COMMANDS_PER_BATCH }), 'command-malformed'],
  ['a negative index', change({ index: -1 }), 'command-malformed'],
  ['another payload of the same batch', change({ payload: (leaves[1] as Leaf).payload }), 'command-batch'],
  ['another salt', change({ salt: new Uint8Array(32).fill(9) }), 'command-batch'],
  ['a shorter salt', change({ salt: new Uint8Array(31) }), 'command-malformed'],
  ['the path of another', change({ path: parts(messages[1] as Uint8Array).path as Cbor }), 'command-batch'],
  ['a path cut at its start', change({ path: path.slice(1) }), 'command-batch'],
  ['a path cut at its end', change({ path: path.slice(0, -1) }), 'command-batch'],
  ['no path', change({ path: [] }), 'command-batch'],
  ['a longer path', change({ path: [...path, path[0] as Uint8Array] }), 'command-batch'],
  [
    'a path longer than any',
    change({ path: Array.from({ length: 7 }, () => new Uint8Array(32)) }),
    'command-malformed',
  ],
  ['a path in another order', change({ path: [...path].reverse() }), 'command-batch'],
  ['a path of hashes cut short', change({ path: path.map((hash) => hash.slice(0, 31)) }), 'command-malformed'],
  ['the size of another batch', recommit({ ...commitment, size: 4 }), 'command-batch'],
  ['a size over the limit', recommit({ ...commitment, size: COMMANDS_PER_BATCH + 1 }), 'command-malformed'],
  ['a batch of none', recommit({ ...commitment, size: 0 }), 'command-malformed'],
  ['a root of another batch', recommit({ ...commitment, root: new Uint8Array(32) }), 'command-batch'],
  ['a later version', recommit({ ...commitment, v: 2 }), 'command-malformed'],
  ['a commitment with more in it', recommit({ ...commitment, more: 1 }), 'command-malformed'],
  ['a commitment signed as a command', recommit({ ...commitment }, COMMAND_DOMAIN), 'command-signature'],
  ['a commitment signed for nothing', recommit({ ...commitment }, ''), 'command-signature'],
  ['a node given out as a leaf', change(asLeaf), 'command-batch'],
  ['the same, where such a leaf would exist', [encodeCbor({ ...halfAsMany, ...asLeaf })], 'command-batch'],
  ['another key’s signature', change({ signed: encodeSign1({ ...signed, key: other.key }) }), 'command-signature'],
  ['the batch’s signature as a command', [parts(first).signed], 'command-signature'],
  ['a command’s signature as a batch', change({ signed: single(COMMAND_DOMAIN) }), 'command-malformed'],
  ['a command signed as a batch', [single('reeve/batch/v1')], 'command-signature'],
  ['two of a batch in one envelope', messages.slice(0, 2), 'command-malformed'],
  ['one of a batch beside a command', [first, single(COMMAND_DOMAIN)], 'command-malformed'],
  ['a command beside one of a batch', [single(COMMAND_DOMAIN), first], 'command-malformed'],
  ['a byte after it', [Buffer.concat([first, Uint8Array.of(0)])], 'command-malformed'],
  ['a field more', change({ more: 1 } as never), 'command-malformed'],
  ['a payload that is none', seal([{ ...(leaves[0] as Leaf), payload: Uint8Array.of(0xa0) }]), 'command-malformed'],
];
for (const [what, envelope, code] of REFUSED) {
  t.test(`refused: ${what}`, (t) => {
    t.throws(() => openCommand(envelope), { code });
    t.end();
  });
}

t.test('only a lease may share a signature, wherever the other command stands', (t) => {
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    const [lease, mixed] = seal([payloadOf(1), payloadOf(2, name)].map((payload) => leafOf(payload)));
    t.equal(openCommand([lease as Uint8Array]).payload.wallet, 'agent-1');
    if (name === 'lease.grant') t.ok(openCommand([mixed as Uint8Array]));
    else t.throws(() => openCommand([mixed as Uint8Array]), { code: 'command-batch' }, name);
  }
  t.end();
});

t.test('every single flipped bit of a batched command is refused', (t) => {
  let refused = 0;
  for (let bit = 0; bit < first.length * 8; bit++) {
    const flipped = Buffer.from(first);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    try {
      openCommand([flipped]);
    } catch {
      refused += 1;
    }
  }
  t.equal(refused, first.length * 8);
  t.end();
});

t.test('a path says nothing of the command beside it to who can guess it', (t) => {
  const [mine, beside] = [payloadOf(1), payloadOf(2)];
  const paths = [3, 4].map((salt) => {
    const [message] = seal([leafOf(mine, 1), leafOf(beside, salt)]);
    return Buffer.from(parts(message as Uint8Array).path[0] as Uint8Array).toString('hex');
  });
  t.not(paths[0], paths[1], 'the same command, another salt: another hash');
  t.end();
});
