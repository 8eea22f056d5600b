/** Any message of any version that keeps the chain's rules, and changes to its bytes. */
import fc from 'fast-check';
import { concatBytes } from '../../policy/bytes.ts';
import { pubkeyFromBytes } from '../../policy/keys.ts';
import type { Message, TableLookup } from '../../policy/message.ts';
import { encodeMessage, MAX_TRANSACTION_BYTES, SIGNATURE_BYTES } from '../../policy/message.ts';
import type { Hash, Pubkey } from '../../policy/types.ts';

const PLAIN = { noNullPrototype: true } as const;
const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2 ** 32 - 1;

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(pubkeyFromBytes);
const lifetime = key.map((value) => value as string as Hash);
const places = fc.uint8Array({ maxLength: 5 });
const lookup: fc.Arbitrary<TableLookup> = fc
  .record({ table: key, writable: places, readonly: places }, PLAIN)
  .filter(({ writable, readonly }) => writable.length + readonly.length > 0);
const lookups = fc.oneof(fc.constant([]), fc.array(lookup, { minLength: 1, maxLength: 3 }));
const u32 = fc.integer({ min: 0, max: U32_MAX });
const config = fc.record(
  {
    priorityFee: fc.bigInt({ min: 0n, max: U64_MAX }),
    computeUnitLimit: u32,
    loadedAccountsDataSizeLimit: u32,
    heapSize: fc.integer({ min: 32, max: 256 }).map((kib) => kib * 1024),
  },
  { requiredKeys: [], ...PLAIN },
);

/** Instructions over `keys` static keys of `reach` keys in all. */
function instructions(keys: number, reach: number, maxData: number) {
  const instruction = fc.record(
    {
      program: fc.integer({ min: 1, max: keys - 1 }),
      accounts: fc.array(fc.nat(reach - 1), { maxLength: 12 }).map((list) => Uint8Array.from(list)),
      data: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 126, maxLength: maxData })),
    },
    PLAIN,
  );
  return fc.array(instruction, { maxLength: 4 });
}

type Header = Pick<Message, 'requiredSignatures' | 'readonlySigned' | 'readonlyUnsigned'>;
function headers(keys: number): fc.Arbitrary<Header> {
  return fc
    .tuple(fc.integer({ min: 1, max: Math.min(keys, 4) }), fc.nat(), fc.nat())
    .map(([requiredSignatures, signed, unsigned]) => ({
      requiredSignatures,
      readonlySigned: signed % requiredSignatures,
      readonlyUnsigned: unsigned % (keys - requiredSignatures + 1),
    }));
}

function bodies(keys: readonly Pubkey[], reach: number, maxData: number) {
  return fc.tuple(headers(keys.length), lifetime, instructions(keys.length, reach, maxData));
}

const count = (list: readonly TableLookup[]) =>
  list.reduce((sum, { writable, readonly }) => sum + writable.length + readonly.length, 0);

/** The longest data here keeps a message near the 1,232 bytes of its transaction. */
const older: fc.Arbitrary<Message> = fc
  .tuple(fc.uniqueArray(key, { minLength: 2, maxLength: 14 }), fc.constantFrom('legacy' as const, 0 as const), lookups)
  .chain(([keys, version, tables]) => {
    const used = version === 0 ? tables : [];
    return bodies(keys, keys.length + count(used), 140).map(([header, lifetime, list]) => ({
      version,
      ...header,
      keys,
      lifetime,
      instructions: list,
      ...(used.length === 0 ? {} : { lookups: used }),
    }));
  })
  .filter((message) => encodeMessage(message).length + 1 + 64 * message.requiredSignatures <= MAX_TRANSACTION_BYTES);

const v1: fc.Arbitrary<Message> = fc
  .tuple(fc.uniqueArray(key, { minLength: 2, maxLength: 20 }), config)
  .chain(([keys, values]) =>
    bodies(keys, keys.length, 500).map(([header, lifetime, list]) => ({
      version: 1 as const,
      ...header,
      keys,
      lifetime,
      instructions: list,
      config: values,
    })),
  );

export const messages: fc.Arbitrary<Message> = fc.oneof({ weight: 2, arbitrary: older }, v1);

/** The wire form of a message, each signature of one byte repeated. */
export function toWire(message: Message): Uint8Array {
  const slots = Array.from({ length: message.requiredSignatures }, (_, index) =>
    new Uint8Array(SIGNATURE_BYTES).fill(index + 1),
  );
  const bytes = encodeMessage(message);
  if (message.version === 1) return concatBytes(bytes, ...slots);
  return concatBytes(Uint8Array.of(slots.length), ...slots, bytes);
}

const mutation = fc.record({ at: fc.nat(), remove: fc.nat(2), insert: fc.uint8Array({ maxLength: 3 }) });

/** One to three small changes. */
export const mutations: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .array(mutation, { minLength: 1, maxLength: 3 })
  .map((list) => (bytes) => {
    let changed = bytes;
    for (const { at, remove, insert } of list) {
      const position = at % (changed.length + 1);
      changed = concatBytes(changed.subarray(0, position), insert, changed.subarray(position + remove));
    }
    return changed;
  });
