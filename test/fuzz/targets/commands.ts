/** Owner commands: envelopes changed after they were signed, and payloads changed before. */
import { batchSigningBytes, sealBatch } from '../../../enclave/link/batch.ts';
import { encodeCbor } from '../../../enclave/link/cbor.ts';
import {
  COMMAND_DOMAIN,
  commandSigningBytes,
  decodeCommandBody,
  encodeCommandBody,
  encodeCommandPayload,
  openCommand,
  sealCommand,
} from '../../../enclave/link/commands.ts';
import { encodeSign1, encodeSigStructure } from '../../../enclave/link/cose.ts';
import { isReeveError } from '../../../enclave/link/errors.ts';
import type { CommandBody, CommandName, CommandPayload } from '../../../enclave/link/schema/command.ts';
import { concatBytes } from '../../../policy/bytes.ts';
import { makeKey } from '../../keys.ts';
import type { Answer, Target } from '../harness.ts';

const owner = makeKey('owner');
const hash = new Uint8Array(32).fill(3);
const approvalId = 'ab'.repeat(16);
const [PAYLOAD, ENVELOPE, BATCHED] = [0, 1, 2];

function payloadOf<Name extends CommandName>(command: Name, body: CommandBody<Name>): CommandPayload {
  const bodyHash = encodeCommandBody(command, body).hash;
  return { v: 1, wallet: 'alice', boot: hash, seq: 3, notAfter: 1_800_000_000_000n, command, bodyHash };
}
const payloads = [
  payloadOf('pause', {}),
  payloadOf('approve', { approvalId, effectsHash: hash, notAfter: 1_800_000_000_000n }),
  payloadOf('policy.set', { policyHash: hash, version: 2 }),
];
const grant = { number: 1, policyHash: hash, ceiling: [], charges: [], until: 1_800_000_000_000n };
const lease = encodeCommandPayload(payloadOf('lease.grant', { lease: grant }));

function seal(payload: CommandPayload): Uint8Array {
  const signature = owner.sign(commandSigningBytes(payload, owner.key));
  return sealCommand(payload, [{ key: owner.key, signature }])[0] as Uint8Array;
}

/** Whatever the bytes are, the owner's signature over them holds. */
function signAnything(payload: Uint8Array): Uint8Array {
  const signature = owner.sign(encodeSigStructure(owner.key, COMMAND_DOMAIN, payload));
  return encodeSign1({ key: owner.key, payload, signature });
}

/** The same as the second of three in a batch. */
function batchAnything(payload: Uint8Array): Uint8Array {
  const leaves = [lease, payload, lease].map((each) => ({ payload: each, salt: hash }));
  return sealBatch(leaves, owner.key, owner.sign(batchSigningBytes(leaves, owner.key)))[1] as Uint8Array;
}

/** The first byte says what follows: a payload to be signed alone or with others, or an envelope. */
function run(input: Uint8Array): Answer {
  const rest = input.subarray(1);
  try {
    const [isAlone, isBatched] = [input[0] === PAYLOAD, input[0] === BATCHED];
    const message = isAlone ? signAnything(rest) : isBatched ? batchAnything(rest) : rest;
    const { payload } = openCommand([message]);
    readBody(payload);
    const written = isAlone || isBatched ? encodeCommandPayload(payload) : message;
    return { code: 'ok', encoded: concatBytes(input.subarray(0, 1), written) };
  } catch (error) {
    if (isReeveError(error)) return { code: error.code };
    throw error;
  }
}

/** No body here has the hash that was signed unless the payload is one of ours, unchanged. */
function readBody({ command, bodyHash }: CommandPayload): void {
  for (const body of [{}, { policyHash: hash, version: 2 }]) {
    try {
      decodeCommandBody(command, encodeCbor(body), bodyHash);
    } catch (error) {
      if (!isReeveError(error)) throw error;
    }
  }
}

const names = ['pause', 'resume', 'approve', 'wallet.create', 'lease.grant', '__proto__', 'constructor'];
export const commands: Target = {
  name: 'commands',
  inputs: 100_000,
  longest: 5_000,
  seeds: [
    ...payloads.map((payload) => concatBytes(Uint8Array.of(PAYLOAD), encodeCommandPayload(payload))),
    ...payloads.map((payload) => concatBytes(Uint8Array.of(ENVELOPE), seal(payload))),
    concatBytes(Uint8Array.of(BATCHED), lease),
    concatBytes(Uint8Array.of(ENVELOPE), batchAnything(lease)),
  ],
  tokens: [...names, 'v', 'seq', 'command', 'bodyHash', 'index', 'path', 'salt', 'signed'].map((name) =>
    encodeCbor(name),
  ),
  run,
};
