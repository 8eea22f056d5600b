/** The owner and the renewer of a bench, in one: a key of its own, commands on the admin socket. A bench attests nothing: it made the enclave. */

import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import { commandSigningBytes, encodeCommandBody, sealCommand } from '../../enclave/link/commands.ts';
import type { CommandBody, CommandName, CommandPayload } from '../../enclave/link/schema/command.ts';
import type { Seal } from '../../enclave/link/schema/seal.ts';
import { canonicalizePolicy } from '../../policy/canonical.ts';
import { requestJson } from '../cli/http.ts';

/** How long a command may still arrive, and a lease lasts; milliseconds. */
const COMMAND_MS = 300_000;
const LEASE_MS = 3_500_000;

export interface BenchOwner {
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

/** Where a wallet is made, and the boot its commands are for. */
export interface Place {
  readonly admin: string;
  readonly boot: Uint8Array;
  readonly kmsKeyArn: string;
}

export interface CanonicalPolicy {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

export function makeOwner(): BenchOwner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return { publicKey: new Uint8Array(spki.subarray(-32)), sign: (bytes) => sign(null, bytes, privateKey) };
}

export function canonical(document: object): CanonicalPolicy {
  const result = canonicalizePolicy(JSON.stringify(document));
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return { bytes: result.value, hash: new Uint8Array(createHash('sha256').update(result.value).digest()) };
}

export async function readBoot(admin: string): Promise<Uint8Array> {
  const { boot } = (await ask(admin, 'GET', '/v1/hello')) as { boot: string };
  return new Uint8Array(Buffer.from(boot, 'hex'));
}

/** Makes a wallet under `policy` and returns its agent's key. */
export async function createWallet(
  owner: BenchOwner,
  place: Place,
  wallet: string,
  policy: CanonicalPolicy,
): Promise<Uint8Array> {
  const { kmsKeyArn } = place;
  const body = { wallet, ownerPublicKey: owner.publicKey, kmsKeyArn, policyHash: policy.hash };
  const answer = await send(owner, place, wallet, 1, 'wallet.create', body, policy.bytes);
  return (decodeCbor(new Uint8Array(Buffer.from(answer.seal ?? '', 'base64'))) as unknown as Seal).agent;
}

/** A boot's first lease, up to `ceiling` of every asset. */
export async function grantLease(
  owner: BenchOwner,
  place: Place,
  wallet: string,
  policy: CanonicalPolicy,
  ceiling: readonly { readonly asset: string; readonly amount: bigint }[],
  number = 1,
): Promise<void> {
  const until = BigInt(Date.now() + LEASE_MS);
  const lease = { number, policyHash: policy.hash, ceiling: [...ceiling], charges: [], until };
  await send(owner, place, wallet, number + 1, 'lease.grant', { lease });
}

async function send<Name extends CommandName>(
  owner: BenchOwner,
  { admin, boot }: Place,
  wallet: string,
  seq: number,
  command: Name,
  content: CommandBody<Name>,
  policy?: Uint8Array,
): Promise<{ seal?: string }> {
  const { bytes, hash: bodyHash } = encodeCommandBody(command, content);
  const notAfter = BigInt(Date.now() + COMMAND_MS);
  const payload: CommandPayload = { v: 1, wallet, boot, seq, notAfter, command, bodyHash };
  const key = owner.publicKey;
  const envelope = sealCommand(payload, [{ key, signature: owner.sign(commandSigningBytes(payload, key)) }]);
  const blob = policy === undefined ? {} : { policy: toBase64(policy) };
  return (await ask(admin, 'POST', '/v1/commands', {
    envelope: envelope.map(toBase64),
    body: toBase64(bytes),
    ...blob,
  })) as { seal?: string };
}

function ask(socketPath: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  return requestJson({
    socketPath,
    method,
    path,
    unreachable: 'admin-unreachable',
    ...(body !== undefined && { body }),
  });
}

const toBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
