/**
 * The simulated NSM itself: request bytes in, answer bytes out, PCRs and a signing chain inside. It behaves as current NSMs do: PCR0 to
 * PCR15 locked from the start, 16 to 31 free and part of documents once locked, the payload map of indefinite length.
 */
import { randomBytes, sign } from 'node:crypto';
import type { CborKey, CborValue } from '../../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../../attestation/cbor.ts';
import { PROTECTED_HEADER } from '../../attestation/document.ts';
import { extendPcr, measureOnce, PCR_BYTES } from '../../attestation/measure.ts';
import type { NsmChain } from './nsm-chain.ts';

const PCR_COUNT = 32;
/** PCRs the platform locks at boot: 0 up to this. */
const PLATFORM_PCRS = 16;
const RANDOM_BYTES = 256;
/** Bytes of user_data, nonce and public_key. */
const MAX_FIELD_BYTES = 1024;

export interface NsmDeviceOptions {
  /** `i-…-enc…`; the part before `-enc` is measured into PCR4. */
  readonly moduleId: string;
  /** Role ARN, measured into PCR3; without it PCR3 is zero. */
  readonly role?: string;
  /** PCRs set by the image: 0, 1, 2 and, when signed, 8. */
  readonly pcrs: Readonly<Record<number, Uint8Array>>;
  readonly chain: (now: number) => NsmChain;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Device extends NsmDeviceOptions {
  readonly registers: Uint8Array[];
  readonly locked: Set<number>;
}

type Fields = ReadonlyMap<CborKey, CborValue>;
/** An answer's fields, a bare success, or the name of an NSM error. */
type Answer = { readonly fields: Readonly<Record<string, CborValue>> } | 'done' | { readonly error: string };

/** Makes a device; the function answers one request. It never throws for what it is sent. */
export function createNsmDevice(options: NsmDeviceOptions): (request: Uint8Array) => Uint8Array {
  const registers = Array.from({ length: PCR_COUNT }, (_, index) => options.pcrs[index] ?? new Uint8Array(PCR_BYTES));
  if (options.role !== undefined) {
    registers[3] = measureOnce(Buffer.from(options.role));
  }
  registers[4] = measureOnce(Buffer.from(options.moduleId.split('-enc')[0] ?? ''));
  const device = { ...options, registers, locked: new Set(Array.from({ length: PLATFORM_PCRS }, (_, index) => index)) };
  return (request) => answer(device, request);
}

function answer(device: Device, request: Uint8Array): Uint8Array {
  const decoded = decodeCbor(request);
  const value = decoded.ok ? decoded.value : null;
  const [name, fields] = value instanceof Map && value.size === 1 ? ([...value][0] ?? []) : [value, new Map()];
  const result = fields instanceof Map && typeof name === 'string' ? run(device, name, fields) : invalid;
  if (result === 'done') {
    return encodeCbor(String(name));
  }
  const body =
    'error' in result ? new Map([['Error', result.error]]) : new Map([[String(name), record(result.fields)]]);
  return encodeCbor(body);
}

const invalid: Answer = { error: 'InvalidArgument' };

function record(fields: Readonly<Record<string, CborValue>>): ReadonlyMap<CborKey, CborValue> {
  return new Map(Object.entries(fields));
}

function run(device: Device, command: string, fields: Fields): Answer {
  switch (command) {
    case 'GetRandom':
      return { fields: { random: randomBytes(RANDOM_BYTES) } };
    case 'DescribeNSM':
      return { fields: describe(device) };
    case 'DescribePCR':
      return withIndex(fields.get('index'), PCR_COUNT, (index) => ({
        fields: { lock: device.locked.has(index), data: device.registers[index] ?? null },
      }));
    case 'ExtendPCR':
      return withIndex(fields.get('index'), PCR_COUNT, (index) => extend(device, index, fields.get('data')));
    case 'LockPCR':
      return withIndex(fields.get('index'), PCR_COUNT, (index) => lock(device, index));
    case 'LockPCRs':
      return withIndex(fields.get('range'), PCR_COUNT + 1, (range) => lockBelow(device, range));
    case 'Attestation':
      return attest(device, fields);
    default:
      return { error: 'InvalidOperation' };
  }
}

function withIndex(value: CborValue | undefined, limit: number, then: (index: number) => Answer): Answer {
  if (typeof value !== 'number') {
    return invalid;
  }
  return value >= 0 && value < limit ? then(value) : { error: 'InvalidIndex' };
}

function describe({ moduleId, locked }: Device): Record<string, CborValue> {
  return {
    version_major: 1,
    version_minor: 0,
    version_patch: 0,
    module_id: moduleId,
    max_pcrs: PCR_COUNT,
    locked_pcrs: [...locked].sort((left, right) => left - right),
    digest: 'SHA384',
  };
}

function extend({ registers, locked }: Device, index: number, data: CborValue | undefined): Answer {
  if (!(data instanceof Uint8Array)) {
    return invalid;
  }
  if (locked.has(index)) {
    return { error: 'ReadOnlyIndex' };
  }
  const extended = extendPcr(registers[index] ?? new Uint8Array(PCR_BYTES), data);
  registers[index] = extended;
  return { fields: { data: extended } };
}

function lock({ locked }: Device, index: number): Answer {
  if (locked.has(index)) {
    return { error: 'ReadOnlyIndex' };
  }
  locked.add(index);
  return 'done';
}

function lockBelow({ locked }: Device, range: number): Answer {
  for (let index = 0; index < range; index += 1) {
    locked.add(index);
  }
  return 'done';
}

function attest(device: Device, fields: Fields): Answer {
  const [publicKey, userData, nonce] = ['public_key', 'user_data', 'nonce'].map((name) => fields.get(name) ?? null);
  for (const value of [publicKey, userData, nonce]) {
    if (value !== null && !(value instanceof Uint8Array)) {
      return invalid;
    }
    if (value instanceof Uint8Array && value.length > MAX_FIELD_BYTES) {
      return { error: 'InputTooLarge' };
    }
  }
  if (publicKey instanceof Uint8Array && publicKey.length === 0) {
    return invalid;
  }
  const now = Math.floor(device.now());
  const chain = device.chain(now);
  const payload = encodeIndefiniteMap([
    ['module_id', device.moduleId],
    ['digest', 'SHA384'],
    ['timestamp', now],
    ['pcrs', lockedPcrs(device)],
    ['certificate', chain.certificate],
    ['cabundle', chain.cabundle],
    ['public_key', publicKey ?? null],
    ['user_data', userData ?? null],
    ['nonce', nonce ?? null],
  ]);
  return { fields: { document: signDocument(payload, chain) } };
}

function lockedPcrs({ registers, locked }: Device): CborValue {
  return new Map([...registers.entries()].filter(([index]) => locked.has(index)));
}

/** A map of indefinite length, as NSMs write the payload since 2025. */
export function encodeIndefiniteMap(entries: readonly (readonly [CborKey, CborValue])[]): Uint8Array {
  const items = entries.flatMap(([key, value]) => [encodeCbor(key), encodeCbor(value)]);
  return Buffer.concat([Uint8Array.of(0xbf), ...items, Uint8Array.of(0xff)]);
}

/** Wraps `payload` in an untagged COSE_Sign1 signed by the chain's leaf. The payload may be anything: tests sign wrong ones. */
export function signDocument(payload: Uint8Array, { leafKey }: Pick<NsmChain, 'leafKey'>): Uint8Array {
  const signed = encodeCbor(['Signature1', PROTECTED_HEADER, new Uint8Array(0), payload]);
  const signature = sign('sha384', signed, { key: leafKey, dsaEncoding: 'ieee-p1363' });
  return encodeCbor([PROTECTED_HEADER, new Map(), payload, signature]);
}
