/** A store full of wallets, made without asking an enclave: its own code writes the receipts, and the development KMS's key wraps the seals. */

import { randomBytes } from 'node:crypto';
import { commandSigningBytes, encodeCommandBody, sealCommand } from '../../enclave/link/commands.ts';
import { CHAIN_START } from '../../enclave/link/receipts.ts';
import type { Envelope } from '../../enclave/link/schema/command.ts';
import { closeSeal, deriveKeys, encodeSeal, SEEDS_BYTES } from '../../enclave/seal.ts';
import { createPool, openChain, takePending } from '../../enclave/wallet/chain.ts';
import { record } from '../../enclave/wallet/record.ts';
import { emptyDecision } from '../../enclave/wallet/refusals.ts';
import type { Wallet } from '../../enclave/wallet/state.ts';
import { createWallet } from '../../enclave/wallet/state.ts';
import type { Files } from '../../host-proxy/store/files.ts';
import { DISK } from '../../host-proxy/store/files.ts';
import { keepPolicy } from '../../host-proxy/store/policies.ts';
import { openStore } from '../../host-proxy/store/store.ts';
import { parsePolicy } from '../../policy/compile.ts';
import { reserve, walletLine } from '../../policy/ledger.ts';
import type { AssetId, Millis } from '../../policy/types.ts';
import type { BenchOwner, CanonicalPolicy } from '../../scripts/bench/owner.ts';
import { encryptBlob } from '../../scripts/dev/kms/blob.ts';
import type { KmsKey } from '../../scripts/dev/kms/store.ts';

const DATA_KEY_BYTES = 32;
const BOOT = new Uint8Array(32).fill(9);
/** Bytes of receipts handed over at once. */
const HANDOVER_BYTES = 4 * 1024 * 1024;
/** Between two payments, milliseconds: a thousand are a month of an agent that pays every 43 minutes. */
const STEP_MS = 43 * 60_000;

export interface Forgery {
  readonly directory: string;
  readonly owner: BenchOwner;
  readonly policy: CanonicalPolicy;
  readonly key: KmsKey;
  readonly wallets: number;
  /** Receipts of each, its checkpoints not counted. */
  readonly receipts: number;
}

export const nameOf = (index: number) => `w${index}`;

/** Nothing here has to survive a power cut. */
const UNSYNCED: Files = {
  ...DISK,
  open: async (path, how) => ({ ...(await DISK.open(path, how)), sync: async () => undefined }),
  syncFolder: async () => undefined,
};

/** Fills a store; returns the first wallet's agent key. */
export async function forgeStore(forgery: Forgery): Promise<Uint8Array> {
  const store = await openStore(forgery.directory, UNSYNCED);
  let first: Uint8Array | null = null;
  for (let index = 0; index < forgery.wallets; index += 1) {
    const { wallet, seal, envelope, body } = forgeWallet(forgery, nameOf(index));
    first ??= wallet.agent.publicKey;
    const kept = await store.create(wallet.name);
    await kept.writeSeal(seal);
    await keepPolicy(kept, forgery.policy.bytes, envelope, body);
    for (let append = takePending(wallet.chain, HANDOVER_BYTES); append !== null; ) {
      kept.accept(append);
      append = takePending(wallet.chain, HANDOVER_BYTES);
    }
    await kept.waitStored(wallet.chain.seq);
    await kept.close();
  }
  await store.close().catch(() => undefined);
  return first as unknown as Uint8Array;
}

function forgeWallet({ owner, policy, key, receipts }: Forgery, name: string) {
  const seeds = new Uint8Array(randomBytes(SEEDS_BYTES));
  const keys = deriveKeys(seeds);
  const dataKey = new Uint8Array(randomBytes(DATA_KEY_BYTES));
  const context = new Map([
    ['reeve:wallet', name],
    ['reeve:owner', Buffer.from(owner.publicKey).toString('hex')],
    ['reeve:purpose', 'agent-key'],
  ]);
  const wrapped = new Uint8Array(encryptBlob(key, dataKey, context));
  const facts = { wallet: name, owner: owner.publicKey, kmsKeyArn: key.arn };
  const publicKeys = { agent: keys.agent.publicKey, receiptKey: keys.receipt.publicKey };
  const seal = encodeSeal(closeSeal({ ...facts, ...publicKeys }, seeds, dataKey, wrapped));
  const parsed = parsePolicy(policy.bytes);
  if (!parsed.ok) throw new Error('policy');
  const chain = openChain(name, BOOT, keys.receipt, createPool(), CHAIN_START);
  const origin = { name, owner: owner.publicKey, kmsKeyArn: key.arn, agent: keys.agent, chain };
  const wallet = createWallet({ ...origin, policy: parsed.value, policyVersion: 1 });
  const command = signCreate(owner, policy, { name, kmsKeyArn: key.arn });
  writeReceipts(wallet, owner, policy, command.envelope, receipts);
  return { wallet, seal, ...command };
}

function signCreate(
  owner: BenchOwner,
  policy: CanonicalPolicy,
  { name, kmsKeyArn }: { name: string; kmsKeyArn: string },
) {
  const body = { wallet: name, ownerPublicKey: owner.publicKey, kmsKeyArn, policyHash: policy.hash };
  const { bytes, hash: bodyHash } = encodeCommandBody('wallet.create', body);
  const command = { v: 1, wallet: name, boot: BOOT, seq: 1, notAfter: 1n, command: 'wallet.create', bodyHash } as const;
  const { publicKey } = owner;
  const signature = owner.sign(commandSigningBytes(command, publicKey));
  return { envelope: sealCommand(command, [{ key: publicKey, signature }]), body: bytes };
}

function writeReceipts(
  wallet: Wallet,
  owner: BenchOwner,
  policy: CanonicalPolicy,
  envelope: Envelope,
  receipts: number,
): void {
  const { agent, chain } = wallet;
  const start = (Date.now() - receipts * STEP_MS) as Millis;
  const keys = { agent: agent.publicKey, receiptKey: chain.key.publicKey, owner: owner.publicKey };
  record(wallet, 'boot', { ...keys, image: 'forged', mode: 'development', recovered: 0 }, start);
  const facts = { signers: [owner.publicKey], envelope, policyHash: policy.hash, policyVersion: 1 };
  record(wallet, 'command', { command: 'wallet.create', seq: 1, ...facts }, start);
  for (let written = 2; written < receipts; written += 1) writePayment(wallet, (start + written * STEP_MS) as Millis);
}

/** One payment of SOL as the enclave would have written it, with a signature nobody made. */
function writePayment(wallet: Wallet, time: Millis): void {
  const charges = (['SOL', 'signatures'] as AssetId[]).map((asset) => ({ asset, amount: 1n }));
  const entries = charges.map(({ asset, amount }) => ({ line: walletLine(asset), asset, amount }));
  reserve(wallet.ledger, wallet.policy, entries, time);
  const signed = { messageHashes: [new Uint8Array(randomBytes(32))], signatures: [new Uint8Array(randomBytes(64))] };
  const left = { assets: [], leaseEndsAt: null };
  const effect = {
    transaction: 0,
    instruction: 0,
    kind: 'transfer',
    asset: 'SOL',
    amount: '1',
    from: SYSTEM,
    destination: SYSTEM,
  };
  record(
    wallet,
    'decision',
    { ...emptyDecision(wallet, 'allow'), ...signed, charges, entries, left, effects: [effect] },
    time,
  );
}

const SYSTEM = '1'.repeat(32);
