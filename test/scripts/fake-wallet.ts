/** The wallets of the fake enclave: what commands, restarts and receipts do to them. */

import { createHash } from 'node:crypto';
import { encodeCbor } from '../../enclave/link/cbor.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Receipt } from '../../enclave/link/receipts.ts';
import { CHAIN_START, encodeReceipt, hashReceipt, headSigningBytes, sealHead } from '../../enclave/link/receipts.ts';
import type { CommandName, Envelope } from '../../enclave/link/schema/command.ts';
import type { WireLease } from '../../enclave/link/schema/lease.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { parsePolicy } from '../../policy/compile.ts';
import { makeKey } from '../keys.ts';

const ZERO = new Uint8Array(32);

/** A wallet inside the fake enclave: its statement, and what stands behind it. */
export interface FakeWallet {
  statement: Statement;
  seal: Uint8Array;
  policy: Uint8Array;
  policyEnvelope: Envelope;
  policyBody: Uint8Array;
  receipts: Uint8Array[];
  approvals: object[];
}

export function rolesOf({ roles }: Statement, name: CommandName): readonly Uint8Array[] {
  if (name === 'lease.grant') return roles.renew;
  if (name === 'pause') return roles.pause;
  return name === 'approve' || name === 'deny' ? roles.approve : [];
}

interface Content {
  lease?: WireLease;
  policyHash: Uint8Array;
  version: number;
  ownerPublicKey: Uint8Array;
  kmsKeyArn: string;
  wallet: string;
}

export function take(
  wallet: FakeWallet,
  name: CommandName,
  content: Content,
  staged: { bytes: Uint8Array; signed: Envelope; body: string } | null,
): void {
  if (name === 'policy.set' && staged !== null) {
    const { policyHash, version: policyVersion } = content;
    if (policyVersion !== wallet.statement.policyVersion + 1) throw new ReeveError('policy-version');
    wallet.statement = { ...wallet.statement, policyHash, policyVersion, until: 0n, roles: readRoles(staged.bytes) };
    wallet.policy = staged.bytes;
    wallet.policyEnvelope = staged.signed;
    wallet.policyBody = unb64(staged.body);
  }
  if (content.lease !== undefined) wallet.statement = lease(wallet.statement, content.lease);
  if (name === 'pause') wallet.statement = { ...wallet.statement, phase: 'paused' };
  if (name === 'resume') wallet.statement = { ...wallet.statement, phase: 'active' };
  if (name === 'close') wallet.statement = { ...wallet.statement, phase: 'closed', closed: true };
}

function lease(statement: Statement, { number, policyHash, ceiling, until }: WireLease): Statement {
  if (number <= statement.lastLease || !Buffer.from(policyHash).equals(statement.policyHash) || statement.closed)
    throw new ReeveError('lease-refused');
  return { ...statement, lastLease: number, ceiling, until, phase: 'active' };
}

export function createWallet(
  boot: Uint8Array,
  content: Content,
  policy: Uint8Array,
  signed: Envelope,
  body: Uint8Array,
): FakeWallet {
  const name = content.wallet;
  const [agent, receiptKey] = [makeKey(`agent ${name}`).key, makeKey(`receipt ${name}`).key];
  const { ownerPublicKey: owner, kmsKeyArn, policyHash } = content;
  if (!createHash('sha256').update(policy).digest().equals(policyHash)) throw new ReeveError('policy-invalid');
  const blob = { wrappedKey: new Uint8Array(64), nonce: new Uint8Array(12), sealed: new Uint8Array(80) };
  const seal = encodeCbor({ v: 1, wallet: name, owner, agent, receiptKey, kmsKeyArn, ...blob });
  const statement: Statement = {
    v: 1,
    wallet: name,
    agent,
    receiptKey,
    owner,
    roles: readRoles(policy),
    kmsKeyArn,
    policyHash,
    policyVersion: 1,
    boot,
    image: 'fake',
    mode: 'development',
    phase: 'sealed',
    time: 0n,
    commandSeq: 0,
    head: { seq: 0, hash: ZERO },
    spentInBoot: [],
    lastLease: 0,
    ceiling: [],
    until: 0n,
    closed: false,
    m: 0,
    mBoot: null,
    mSpent: [],
    mClosed: false,
  };
  return { statement, seal, policy, policyEnvelope: signed, policyBody: body, receipts: [], approvals: [] };
}

export function reboot(before: Statement, boot: Uint8Array, hide: boolean, closed: boolean): Statement {
  const known = before.lastLease > 0 && !hide;
  const { lastLease, boot: mBoot, spentInBoot } = before;
  const recovered = known
    ? { m: lastLease, mBoot, mSpent: spentInBoot, mClosed: closed }
    : { m: before.m, mBoot: before.mBoot, mSpent: before.mSpent, mClosed: before.mClosed };
  const fresh = { commandSeq: 0, spentInBoot: [], lastLease: 0, ceiling: [], until: 0n, closed: false };
  return { ...before, ...fresh, ...recovered, boot, phase: 'sealed' };
}

function readRoles(bytes: Uint8Array): Statement['roles'] {
  const policy = parsePolicy(bytes);
  if (!policy.ok) throw new ReeveError('policy-invalid');
  const keys = (list: readonly string[]) => list.map((key) => new Uint8Array(Buffer.from(key, 'hex')));
  const { renew, pause, approve } = policy.value.keys;
  return { renew: keys(renew), pause: keys(pause), approve: keys(approve) };
}

export function headHash({ receipts }: FakeWallet): Uint8Array {
  const last = receipts.at(-1);
  return last === undefined ? CHAIN_START.hash : hashReceipt(last);
}

export function addReceipt(wallet: FakeWallet, kind: Receipt['kind'], body: Receipt['body']): void {
  const { wallet: name, boot } = wallet.statement;
  const seq = wallet.receipts.length + 1;
  const receipt = { wallet: name, seq, prev: headHash(wallet), time: BigInt(Date.now()), boot, kind, body };
  wallet.receipts.push(encodeReceipt(receipt as Receipt));
}

export function signHead(name: string, wallet: FakeWallet): Uint8Array {
  const key = makeKey(`receipt ${name}`);
  const { boot } = wallet.statement;
  const head = { wallet: name, seq: wallet.receipts.length, hash: headHash(wallet), boot, time: BigInt(Date.now()) };
  return sealHead(key.key, head, key.sign(headSigningBytes(key.key, head)));
}

export function copyOf(wallet: FakeWallet): object {
  const { seal, policy, policyEnvelope, policyBody, receipts, statement } = wallet;
  return {
    seal: b64(seal),
    policy: b64(policy),
    policyEnvelope: policyEnvelope.map(b64),
    policyBody: b64(policyBody),
    signedHead: b64(signHead(statement.wallet, wallet)),
    lastSeq: receipts.length,
  };
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const unb64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
