/** A wallet of the fake enclave: deterministic keys, a real chain of receipts, signed heads, and the owner's commands about it. */

import { createHash } from 'node:crypto';
import type { Cbor } from '../../enclave/link/cbor.ts';
import { encodeCbor } from '../../enclave/link/cbor.ts';
import { commandSigningBytes, encodeCommandBody, sealCommand } from '../../enclave/link/commands.ts';
import type { Receipt } from '../../enclave/link/receipts.ts';
import { CHAIN_START, encodeReceipt, hashReceipt, headSigningBytes, sealHead } from '../../enclave/link/receipts.ts';
import type { CommandName } from '../../enclave/link/schema/command.ts';
import type { TestKey } from '../keys.ts';
import { makeKey } from '../keys.ts';

export const OWNER = makeKey('owner');
const ARN = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555';
export const MONTH_MS = 30n * 24n * 3600n * 1000n;
export const MINT = '4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU';

export interface FakeWallet {
  readonly name: string;
  readonly agent: TestKey;
  readonly receiptKey: TestKey;
  policyHash: Uint8Array;
  policyVersion: number;
  seq: number;
  hash: Uint8Array;
  /** Not yet acknowledged, with their seq. */
  unstored: { seq: number; bytes: Uint8Array }[];
  /** Sent on a connection that stands. */
  handed: number;
  phase: 'sealed' | 'active' | 'paused' | 'closed';
  readonly ids: Map<string, { hashes: string; signatures: Uint8Array[]; messageHashes: Uint8Array[] }>;
  signed: number;
}

export const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

/** A policy document as the proxy reads it. */
export function makePolicy(rentPerTransaction = '2100000'): Uint8Array {
  const windows = [{ max: '5000000000', seconds: 86400 }];
  const usdc = { decimals: 6, mint: MINT, tokenProgram: 'token', windows };
  const fees = { perTransaction: '10000', rentPerByte: '6960', rentPerTransaction };
  const document = { assets: { SOL: { windows }, USDC: usdc }, fees, format: 'reeve/policy/v1' };
  return new TextEncoder().encode(JSON.stringify(document));
}

export const POLICY = makePolicy();

export function makeWallet(name: string, policyHash: Uint8Array): FakeWallet {
  return {
    name,
    agent: makeKey(`agent ${name}`),
    receiptKey: makeKey(`receipts ${name}`),
    policyHash,
    policyVersion: 1,
    seq: CHAIN_START.seq,
    hash: CHAIN_START.hash,
    unstored: [],
    handed: 0,
    phase: 'active',
    ids: new Map(),
    signed: 0,
  };
}

/** Adds a receipt; its time is its seq unless said. */
export function writeReceipt(
  wallet: FakeWallet,
  boot: Uint8Array,
  kind: Receipt['kind'],
  body: object,
  time = BigInt(wallet.seq + 1),
) {
  const facts = { wallet: wallet.name, seq: wallet.seq + 1, prev: wallet.hash, time, boot };
  const bytes = encodeReceipt({ ...facts, kind, body } as unknown as Receipt);
  wallet.seq += 1;
  wallet.hash = hashReceipt(bytes);
  wallet.unstored.push({ seq: wallet.seq, bytes });
  return { seq: wallet.seq, hash: wallet.hash };
}

export function writeBoot(wallet: FakeWallet, boot: Uint8Array, recovered: number, time?: bigint): void {
  const keys = { agent: wallet.agent.key, receiptKey: wallet.receiptKey.key, owner: OWNER.key };
  writeReceipt(wallet, boot, 'boot', { ...keys, image: 'fake', mode: 'development', recovered }, time);
}

export function writeDecision(
  wallet: FakeWallet,
  boot: Uint8Array,
  decision: string,
  signed: { signatures: Uint8Array[]; messageHashes: Uint8Array[] } = { signatures: [], messageHashes: [] },
) {
  const rest = { charges: [], entries: [], effects: [], violations: [], count: 1 };
  return writeReceipt(wallet, boot, 'decision', { decision, policyHash: wallet.policyHash, ...signed, ...rest });
}

export function signHead({ name, seq, hash, receiptKey }: FakeWallet, boot: Uint8Array): Uint8Array {
  const head = { wallet: name, seq, hash, boot, time: BigInt(seq) };
  return sealHead(receiptKey.key, head, receiptKey.sign(headSigningBytes(receiptKey.key, head)));
}

export function makeSeal({ name, agent, receiptKey }: FakeWallet): Uint8Array {
  const sealed = { wrappedKey: new Uint8Array(200), nonce: new Uint8Array(12), sealed: new Uint8Array(80) };
  const keys = { owner: OWNER.key, agent: agent.key, receiptKey: receiptKey.key };
  return encodeCbor({ v: 1, wallet: name, ...keys, kmsKeyArn: ARN, ...sealed } as Cbor);
}

/** A signed owner command for a boot, as the owner's tool would make it. */
export function makeCommand(name: CommandName, wallet: string, boot: Uint8Array, seq: number, body: object) {
  const { bytes, hash } = encodeCommandBody(name, body as never);
  const payload = { v: 1 as const, wallet, boot, seq, notAfter: MONTH_MS, command: name, bodyHash: hash };
  const signature = OWNER.sign(commandSigningBytes(payload, OWNER.key));
  return { envelope: sealCommand(payload, [{ key: OWNER.key, signature }]), body: bytes };
}

export function createCommand(wallet: string, boot: Uint8Array, policy: Uint8Array = POLICY) {
  const body = { wallet, ownerPublicKey: OWNER.key, kmsKeyArn: ARN, policyHash: sha256(policy) };
  return { ...makeCommand('wallet.create', wallet, boot, 1, body), policy };
}

export function setPolicyCommand(wallet: string, boot: Uint8Array, version: number, policy: Uint8Array) {
  return { ...makeCommand('policy.set', wallet, boot, version, { policyHash: sha256(policy), version }), policy };
}

export function makeBudget(asset: string) {
  const windows = [{ seconds: 86400, max: '5000000000', spent: '5000', unseen: '0', remaining: '4999995000' }];
  return { assets: [{ asset, now: '4999995000', windows }], leaseEndsAt: MONTH_MS };
}

export function makeApproval(state: string) {
  const facts = { effects: [], programs: ['system'], feeCap: '10000', violations: [], createdAt: 1n, expiresAt: 2n };
  return { id: 'ab'.repeat(16), state, effectsHash: new Uint8Array(32), ...facts };
}
