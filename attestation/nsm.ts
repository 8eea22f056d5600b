/**
 * Talks to the Nitro Secure Module: the requests and answers of its one ioctl, over whatever carries the bytes. Inside the enclave that
 * is the machine program's Unix socket (`connectNsm`).
 */
import type { CborKey, CborValue } from './cbor.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import type { Result } from './codes.ts';
import { accept, refuse } from './codes.ts';
import { MAX_DOCUMENT_BYTES } from './document.ts';
import { PCR_BYTES } from './measure.ts';
import type { NsmChannel } from './nsm-socket.ts';
import { MAX_NSM_REQUEST_BYTES, MAX_NSM_RESPONSE_BYTES } from './nsm-socket.ts';

export type { NsmChannel, NsmConnection } from './nsm-socket.ts';
export { connectNsm } from './nsm-socket.ts';

/** Bytes of one GetRandom answer. */
const MAX_RANDOM_BYTES = 256;
const PCR_COUNT = 32;

/** The errors an NSM can name; another name is not an NSM's answer. */
const NSM_ERRORS = new Set([
  'Success',
  'InvalidArgument',
  'InvalidIndex',
  'InvalidResponse',
  'ReadOnlyIndex',
  'InvalidOperation',
  'BufferTooSmall',
  'InputTooLarge',
  'InternalError',
]);

export interface AttestFields {
  readonly nonce?: Uint8Array | null;
  readonly userData?: Uint8Array | null;
  readonly publicKey?: Uint8Array | null;
}

export interface PcrState {
  readonly locked: boolean;
  readonly data: Uint8Array;
}

export interface NsmDescription {
  readonly version: readonly [major: number, minor: number, patch: number];
  readonly moduleId: string;
  readonly maxPcrs: number;
  readonly lockedPcrs: readonly number[];
}

/** Every command of the NSM. Answers are checked for shape and size, not for truth: attestation documents are verified by whoever gets them. */
export interface NsmClient {
  /** 1 to 256 bytes of the hypervisor's entropy. */
  getRandom(): Promise<Result<Uint8Array>>;
  attest(fields: AttestFields): Promise<Result<Uint8Array>>;
  describePcr(index: number): Promise<Result<PcrState>>;
  extendPcr(index: number, data: Uint8Array): Promise<Result<Uint8Array>>;
  lockPcr(index: number): Promise<Result<null>>;
  /** Locks all PCRs below `range`. */
  lockPcrs(range: number): Promise<Result<null>>;
  describeNsm(): Promise<Result<NsmDescription>>;
}

type Answer = ReadonlyMap<CborKey, CborValue>;

/** An NSM client over `channel`. Its promises never reject; an NSM's own error comes as `nsm-error` with the error's name in `detail`. */
export function createNsmClient(channel: NsmChannel): NsmClient {
  const ask = (command: string, fields: Record<string, CborValue>) => exchange(channel, command, fields);
  return {
    getRandom: async () =>
      read(await exchange(channel, 'GetRandom', null), ({ random }) => bytesUpTo(random, MAX_RANDOM_BYTES)),
    attest: async ({ nonce = null, userData = null, publicKey = null }) =>
      read(await ask('Attestation', { user_data: userData, nonce, public_key: publicKey }), ({ document }) =>
        bytesUpTo(document, MAX_DOCUMENT_BYTES),
      ),
    describePcr: async (index) => read(await ask('DescribePCR', { index }), readPcrState),
    extendPcr: async (index, data) =>
      read(await ask('ExtendPCR', { index, data }), ({ data: pcr }) => exactly(pcr, PCR_BYTES)),
    lockPcr: async (index) => done(await ask('LockPCR', { index })),
    lockPcrs: async (range) => done(await ask('LockPCRs', { range })),
    describeNsm: async () => read(await exchange(channel, 'DescribeNSM', null), readDescription),
  };
}

/** Sends one command. The answer is null for commands that answer with their bare name. */
async function exchange(
  channel: NsmChannel,
  command: string,
  fields: Record<string, CborValue> | null,
): Promise<Result<Answer | null>> {
  const request = encodeCbor(fields === null ? command : new Map([[command, new Map(Object.entries(fields))]]));
  if (request.length > MAX_NSM_REQUEST_BYTES) {
    return refuse('nsm-request', `${command}: ${request.length} bytes`);
  }
  try {
    return readAnswer(command, await channel.request(request));
  } catch (error) {
    return refuse('nsm-unreachable', error instanceof Error ? error.message : command);
  }
}

function readAnswer(command: string, bytes: Uint8Array): Result<Answer | null> {
  const decoded = bytes.length > MAX_NSM_RESPONSE_BYTES ? refuse('nsm-response') : decodeCbor(bytes);
  if (!decoded.ok) {
    return refuse('nsm-response', `${command}: ${decoded.refusal.reason}`);
  }
  if (decoded.value === command) {
    return accept(null);
  }
  if (!(decoded.value instanceof Map) || decoded.value.size !== 1) {
    return refuse('nsm-response', command);
  }
  const error = decoded.value.get('Error');
  if (typeof error === 'string' && NSM_ERRORS.has(error)) {
    return refuse('nsm-error', `${command}: ${error}`);
  }
  const answer = decoded.value.get(command);
  return answer instanceof Map ? accept(answer) : refuse('nsm-response', command);
}

/** Applies a reader of the answer's fields; one that gives null means the answer is not what the command answers. */
function read<Value>(
  answer: Result<Answer | null>,
  reader: (fields: Record<string, CborValue>) => Value | null,
): Result<Value> {
  if (!answer.ok) {
    return answer;
  }
  const value = answer.value === null ? null : reader(Object.fromEntries(answer.value));
  return value === null ? refuse('nsm-response') : accept(value);
}

function done(answer: Result<Answer | null>): Result<null> {
  return answer.ok && answer.value !== null ? refuse('nsm-response') : (answer as Result<null>);
}

function bytesUpTo(value: CborValue | undefined, most: number): Uint8Array | null {
  return value instanceof Uint8Array && value.length > 0 && value.length <= most ? value : null;
}

function exactly(value: CborValue | undefined, length: number): Uint8Array | null {
  return value instanceof Uint8Array && value.length === length ? value : null;
}

function readPcrState({ lock, data }: Record<string, CborValue>): PcrState | null {
  const pcr = exactly(data, PCR_BYTES);
  return pcr !== null && typeof lock === 'boolean' ? { locked: lock, data: pcr } : null;
}

function readDescription(fields: Record<string, CborValue>): NsmDescription | null {
  const { version_major, version_minor, version_patch, module_id, max_pcrs, locked_pcrs, digest } = fields;
  const numbers = [version_major, version_minor, version_patch, max_pcrs];
  if (!numbers.every(isCount) || typeof module_id !== 'string' || !Array.isArray(locked_pcrs) || digest !== 'SHA384') {
    return null;
  }
  const [major = 0, minor = 0, patch = 0, maxPcrs = 0] = numbers;
  const lockedPcrs = locked_pcrs.filter(isCount);
  return lockedPcrs.length === locked_pcrs.length && lockedPcrs.every((index) => index < PCR_COUNT)
    ? { version: [major, minor, patch], moduleId: module_id, maxPcrs, lockedPcrs }
    : null;
}

function isCount(value: CborValue | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}
