/** The owner's and the agent's side of a test: commands, leases, payments, restoring. */

import { createHash } from 'node:crypto';
import { batchSigningBytes, sealBatch } from '../../enclave/link/batch.ts';
import { encodeCbor } from '../../enclave/link/cbor.ts';
import {
  commandSigningBytes,
  encodeCommandBody,
  encodeCommandPayload,
  sealCommand,
} from '../../enclave/link/commands.ts';
import type { Receipt } from '../../enclave/link/receipts.ts';
import { CHAIN_START, readChain } from '../../enclave/link/receipts.ts';
import type { CommandBody, CommandName, CommandPayload } from '../../enclave/link/schema/command.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { decodeStatement } from '../../enclave/link/statements.ts';
import { canonicalizePolicy } from '../../policy/canonical.ts';
import { pubkeyFromBytes, pubkeyToBase58 } from '../../policy/keys.ts';
import { encodeMessage } from '../../policy/message.ts';
import { SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { TestKey } from '../keys.ts';
import { makeKey } from '../keys.ts';
import type { Call } from '../policy/messages.ts';
import { buildMessage, bytesOf, littleEndian, testKey } from '../policy/messages.ts';
import type { HostStore, TestEnclave, World } from './world.ts';

export type { HostStore, TestEnclave, World } from './world.ts';
export { createStore, createWorld } from './world.ts';

export const SHOP = testKey(0x51);
export const STRANGER = testKey(0xee);
export const HOUR_MS = 3_600_000;

/** A policy for small SOL payments to the shop: 1,000,000 lamports a day, approval over 500,000. */
export function draftPolicy(changes: object = {}): object {
  const key = (name: string) => pubkeyToBase58(pubkeyFromBytes(makeKey(name).key));
  return {
    format: 'reeve/policy/v1',
    assets: {
      SOL: { perTransaction: '800000', windows: [{ seconds: 86_400, max: '1000000' }], approvalAbove: '500000' },
      signatures: { windows: [{ seconds: 3_600, max: '1000' }] },
    },
    recipients: [{ name: 'shop', owners: [pubkeyToBase58(SHOP)] }],
    programs: { system: ['transfer'] },
    fees: { perTransaction: '20000', rentPerTransaction: '0', rentPerByte: '6960' },
    keys: { renew: [key('renewer')], pause: [key('pauser')], approve: [key('approver')] },
    lease: { maxSeconds: 3_600, slice: { SOL: '1000000', signatures: '1000' } },
    ...changes,
  };
}

export interface Blob {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

export function blobOf(bytes: Uint8Array): Blob {
  return { bytes, hash: new Uint8Array(createHash('sha256').update(bytes).digest()) };
}

export function policyBlob(changes: object = {}): Blob {
  const canonical = canonicalizePolicy(JSON.stringify(draftPolicy(changes)));
  if (!canonical.ok) throw new Error(JSON.stringify(canonical.refusal));
  return blobOf(canonical.value);
}

export async function stage(enclave: TestEnclave, { bytes, hash }: Blob): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += 40_000) {
    const part = bytes.slice(offset, offset + 40_000);
    await enclave.owner.request('blob.put', { hash, total: bytes.length, offset, bytes: part });
  }
}

export interface SignedCommand {
  readonly envelope: Uint8Array[];
  readonly body: Uint8Array;
}

interface PayloadChanges extends Partial<CommandPayload> {
  readonly seq: number;
}

function makePayload<Name extends CommandName>(
  { boot }: Pick<TestEnclave, 'boot'>,
  wallet: string,
  command: Name,
  body: CommandBody<Name>,
  changes: PayloadChanges,
): { payload: CommandPayload; body: Uint8Array } {
  const { bytes, hash } = encodeCommandBody(command, body);
  const notAfter = BigInt(Date.now() + 300_000);
  return { payload: { v: 1, wallet, boot, notAfter, command, bodyHash: hash, ...changes }, body: bytes };
}

/** A command as the owner's tool makes it; `changes` spoil its payload. */
export function signCommand<Name extends CommandName>(
  enclave: Pick<TestEnclave, 'boot'>,
  wallet: string,
  command: Name,
  content: CommandBody<Name>,
  { key = makeKey('owner'), ...changes }: PayloadChanges & { key?: TestKey },
): SignedCommand {
  const { payload, body } = makePayload(enclave, wallet, command, content, changes);
  const signature = key.sign(commandSigningBytes(payload, key.key));
  return { envelope: [...sealCommand(payload, [{ key: key.key, signature }])], body };
}

export interface BatchEntry<Name extends CommandName> {
  readonly wallet: string;
  readonly name: Name;
  readonly body: CommandBody<Name>;
  readonly changes: PayloadChanges;
}

/** Commands under one signature, as the renewer makes them. */
export function signBatch(
  enclave: Pick<TestEnclave, 'boot'>,
  entries: readonly BatchEntry<CommandName>[],
  key: TestKey = makeKey('renewer'),
): SignedCommand[] {
  const made = entries.map(({ wallet, name, body, changes }) => makePayload(enclave, wallet, name, body, changes));
  const leaves = made.map(({ payload }, index) => ({
    payload: encodeCommandPayload(payload),
    salt: new Uint8Array(32).fill(index),
  }));
  const messages = sealBatch(leaves, key.key, key.sign(batchSigningBytes(leaves, key.key)));
  return made.map(({ body }, index) => ({ envelope: [messages[index] as Uint8Array], body }));
}

/** What the owner's tool and the host keep of a wallet. */
export interface WalletCopy {
  readonly wallet: string;
  readonly seal: Uint8Array;
  readonly policy: Blob;
  readonly policyCommand: SignedCommand;
  readonly agent: Pubkey;
}

/** Creates a wallet of `makeKey('owner')`. */
export async function createTestWallet(
  world: World,
  enclave: TestEnclave,
  wallet: string,
  policy: Blob = policyBlob(),
): Promise<WalletCopy> {
  await stage(enclave, policy);
  const body = { wallet, ownerPublicKey: makeKey('owner').key, kmsKeyArn: world.kmsKeyArn, policyHash: policy.hash };
  const policyCommand = signCommand(enclave, wallet, 'wallet.create', body, { seq: 1 });
  const { result } = await enclave.owner.request('command', policyCommand);
  const { agent } = await readStatement(enclave, wallet);
  return { wallet, seal: result.seal as Uint8Array, policy, policyCommand, agent: pubkeyFromBytes(agent) };
}

export async function readStatement(enclave: TestEnclave, wallet: string): Promise<Statement> {
  const { result } = await enclave.owner.request('attest', { nonce: new Uint8Array(32), wallets: [wallet] });
  return decodeStatement(result.statements[0] as Uint8Array);
}

export type LeaseChanges = Partial<CommandBody<'lease.grant'>['lease']>;

/** A lease of one hour with a million lamports over what the boot has spent. */
export function leaseBody(statement: Statement, changes: LeaseChanges = {}): CommandBody<'lease.grant'> {
  const spent = (asset: string) => statement.spentInBoot.find((entry) => entry.asset === asset)?.amount ?? 0n;
  const ceiling = [
    { asset: 'SOL', amount: spent('SOL') + 1_000_000n },
    { asset: 'signatures', amount: spent('signatures') + 1_000n },
  ];
  const until = BigInt(Date.now() + HOUR_MS);
  const number = Math.max(statement.lastLease, statement.m) + 1;
  return { lease: { number, policyHash: statement.policyHash, ceiling, charges: [], until, ...changes } };
}

/** Sends a command with the next sequence number. */
export async function command<Name extends CommandName>(
  enclave: TestEnclave,
  wallet: string,
  name: Name,
  body: CommandBody<Name>,
  key?: TestKey,
) {
  const { commandSeq } = await readStatement(enclave, wallet);
  const options = { seq: commandSeq + 1, ...(key === undefined ? {} : { key }) };
  return enclave.owner.request('command', signCommand(enclave, wallet, name, body, options));
}

export async function grantLease(enclave: TestEnclave, wallet: string, changes: LeaseChanges = {}): Promise<void> {
  const body = leaseBody(await readStatement(enclave, wallet), changes);
  await command(enclave, wallet, 'lease.grant', body, makeKey('renewer'));
}

/** Pays `lamports` to `to`; `nonce` makes different bytes of the same payment. The fee is 5,000. */
export function paymentOf(agent: Pubkey, lamports: bigint, nonce: number, to: Pubkey = SHOP): Uint8Array {
  const call: Call = { program: SYSTEM_PROGRAM, accounts: [agent, to], data: bytesOf(littleEndian(2n, 4), lamports) };
  const lifetime = createHash('sha256').update(`blockhash ${nonce}`).digest('hex');
  const message = { ...buildMessage([agent], [call]), lifetime } as Parameters<typeof encodeMessage>[0];
  return bytesOf(1, new Uint8Array(64), encodeMessage(message));
}

/** Signs through the agent plane, saying what this host has stored. */
export function signWith(enclave: TestEnclave, wallet: string, transactions: Uint8Array[], id?: string) {
  const stored = enclave.store.stored(wallet);
  const fields = { wallet, stored, transactions, owners: [], ...(id === undefined ? {} : { id }) };
  return enclave.agent.request('sign', fields);
}

/** Hands a wallet's copy and receipts to an enclave, as a host proxy does at its start. */
export async function restore(
  enclave: TestEnclave,
  copy: WalletCopy,
  from?: HostStore,
  keep = Number.POSITIVE_INFINITY,
) {
  await stage(enclave, copy.policy);
  const receipts = from?.receipts.get(copy.wallet)?.slice(0, keep) ?? [];
  const signedHead = from?.heads.get(copy.wallet);
  const runs: Uint8Array[] = [];
  if (receipts.length > 0) {
    const run = blobOf(encodeCbor(receipts));
    await stage(enclave, run);
    runs.push(run.hash);
    enclave.store.receipts.set(copy.wallet, [...receipts]);
  }
  return enclave.owner.request('wallet.restore', {
    wallet: copy.wallet,
    seal: copy.seal,
    policyEnvelope: copy.policyCommand.envelope,
    policyBody: copy.policyCommand.body,
    receipts: runs,
    ...(signedHead === undefined || runs.length === 0 ? {} : { signedHead }),
  });
}

/** The wallet's stored receipts, their chain checked from the first on. */
export function readStored(store: HostStore, wallet: string): Receipt[] {
  return readChain(wallet, CHAIN_START, store.receipts.get(wallet) ?? []).receipts;
}
