/** Brings a stored wallet back: seal, policy with the owner's signature, and the chain of receipts. It stays silent until it is leased. */

import type { Policy } from '../../policy/policy.ts';
import type { Enclave } from '../enclave.ts';
import { decodeCbor } from '../link/cbor.ts';
import type { OpenCommand } from '../link/commands.ts';
import { decodeCommandBody, openCommand } from '../link/commands.ts';
import { isReeveError, ReeveError } from '../link/errors.ts';
import type { Receipt } from '../link/receipts.ts';
import { CHAIN_START, decodeReceipt, openHead, readChain } from '../link/receipts.ts';
import type { Outcome, Params } from '../link/schema/registry.ts';
import type { Seal } from '../link/schema/seal.ts';
import type { Answer } from '../planes/answer.ts';
import { decodeSeal, openSeal } from '../seal.ts';
import { describeBoot } from './boot-receipt.ts';
import type { ReceiptRef } from './chain.ts';
import { openChain } from './chain.ts';
import type { History } from './checkpoint.ts';
import { readPolicy } from './policies.ts';
import { record } from './record.ts';
import { replayReceipts } from './replay.ts';
import { createWallet } from './state.ts';

type RestoreParams = Params<'owner', 'wallet.restore'>;

interface SignedPolicy {
  readonly policy: Policy;
  readonly hash: Uint8Array;
  readonly version: number;
}

/** Restores one wallet, or throws `seal-invalid`, `chain-invalid`, a `command-*`, `policy-*` or `kms-*` code and keeps nothing. */
export async function restoreWallet(
  enclave: Enclave,
  params: RestoreParams,
): Promise<Answer<Outcome<'owner', 'wallet.restore'>>> {
  const seal = decodeSeal(params.seal, params.wallet);
  const signed = readSignedPolicy(enclave, params, seal);
  const chained = readReceipts(enclave, params, seal);
  const wallet = await enclave.wallets.add(seal.wallet, seal.owner, async () => {
    const keys = await unseal(enclave, seal);
    const { history, memory } = replayReceipts(chained.receipts, signed.policy);
    checkPolicyIsCurrent(signed, history);
    return createWallet({
      name: seal.wallet,
      owner: seal.owner,
      kmsKeyArn: seal.kmsKeyArn,
      agent: keys.agent,
      chain: openChain(seal.wallet, enclave.boot, keys.receipt, enclave.wallets.pool, chained.end),
      policy: signed.policy,
      policyVersion: signed.version,
      recovered: history.last,
      ledger: history.ledger,
      memory,
      retired: history.retired,
    });
  });
  const { seq } = record(wallet, 'boot', describeBoot(enclave, wallet), enclave.clock.read());
  for (const hash of [signed.hash, ...params.receipts]) enclave.blobs.drop(hash);
  const result = { agent: wallet.agent.publicKey, phase: wallet.phase };
  return { result, wallet: wallet.name, after: { wallet: wallet.name, seq } };
}

async function unseal(enclave: Enclave, seal: Seal) {
  const recipient = await enclave.passes.join();
  const use = { keyArn: seal.kmsKeyArn, wallet: seal.wallet, owner: seal.owner };
  return openSeal(seal, await enclave.kms.decrypt(use, seal.wrappedKey, recipient));
}

/** The policy in force where the chain ends must be the one handed over. A chain that names none (begun anew in an earlier boot) says nothing of it. */
function checkPolicyIsCurrent({ hash, version }: SignedPolicy, { policyHash, policyVersion }: History): void {
  if (policyHash === null) return;
  if (!Buffer.from(hash).equals(policyHash) || version !== policyVersion) {
    throw new ReeveError('chain-invalid', { what: 'policy', expected: policyVersion, observed: version });
  }
}

/** The policy and the command of this wallet's owner that set it or said it again, in whatever boot that was. */
function readSignedPolicy({ blobs }: Enclave, params: RestoreParams, seal: Seal): SignedPolicy {
  const opened = openCommand(params.policyEnvelope);
  const { command, wallet } = opened.payload;
  if (wallet !== seal.wallet) throw new ReeveError('command-wallet', { expected: seal.wallet });
  const isOwner = (key: Uint8Array) => Buffer.from(key).equals(seal.owner);
  // A rotation carries the signature of the owner before as well: only the one it names is the seal's.
  const isSigned = command === 'owner.rotate' ? opened.signers.some(isOwner) : opened.signers.every(isOwner);
  if (!isSigned) throw new ReeveError('command-signature', { command });
  const { hash, version } = readStanding(opened, params.policyBody, seal);
  return { policy: readPolicy(blobs, hash), hash, version };
}

/** Which policy the command says is in force. One that names owner and sealing key must name the seal's. */
function readStanding({ payload }: OpenCommand, bytes: Uint8Array, seal: Seal): { hash: Uint8Array; version: number } {
  const { command, bodyHash } = payload;
  switch (command) {
    case 'policy.set': {
      const { policyHash, version } = decodeCommandBody(command, bytes, bodyHash);
      return { hash: policyHash, version };
    }
    case 'wallet.create': {
      const body = decodeCommandBody(command, bytes, bodyHash);
      checkSealFacts(seal, body);
      if (body.wallet !== seal.wallet) throw new ReeveError('command-wallet', { expected: seal.wallet });
      return { hash: body.policyHash, version: 1 };
    }
    case 'owner.rotate': {
      const body = decodeCommandBody(command, bytes, bodyHash);
      checkSealFacts(seal, body);
      return { hash: body.policyHash, version: body.version };
    }
    case 'reseal': {
      const body = decodeCommandBody(command, bytes, bodyHash);
      checkSealFacts(seal, { ...body, ownerPublicKey: seal.owner });
      return { hash: body.policyHash, version: body.version };
    }
    default:
      throw new ReeveError('command-malformed', { command });
  }
}

function checkSealFacts(seal: Seal, named: { kmsKeyArn: string; ownerPublicKey: Uint8Array }): void {
  const isOurs = named.kmsKeyArn === seal.kmsKeyArn && Buffer.from(named.ownerPublicKey).equals(seal.owner);
  if (!isOurs) throw new ReeveError('command-wallet', { expected: seal.wallet });
}

/** The receipts handed over, in an unbroken chain that the wallet's receipt key signed at its end. None at all is a chain that begins anew. */
function readReceipts(enclave: Enclave, params: RestoreParams, seal: Seal): { receipts: Receipt[]; end: ReceiptRef } {
  try {
    const stored = params.receipts.flatMap((hash) => readRun(enclave.blobs.read(hash)));
    return checkChain(stored, params, seal);
  } catch (error) {
    const isForm = isReeveError(error, 'cbor-malformed') || isReeveError(error, 'command-malformed');
    if (isForm) throw new ReeveError('chain-invalid', { what: 'form' });
    throw error;
  }
}

function checkChain(
  stored: readonly Uint8Array[],
  { wallet, signedHead }: RestoreParams,
  seal: Seal,
): { receipts: Receipt[]; end: ReceiptRef } {
  const [first] = stored;
  if (first === undefined && signedHead === undefined) return { receipts: [], end: CHAIN_START };
  if (first === undefined || signedHead === undefined) {
    throw new ReeveError('chain-invalid', { what: 'receipts and their signed head come together' });
  }
  const { seq, prev } = decodeReceipt(first);
  const from = seq === 1 ? CHAIN_START : { seq: seq - 1, hash: prev };
  const chain = readChain(wallet, from, stored);
  const head = openHead(signedHead, seal.receiptKey);
  const isEnd = head.wallet === wallet && head.seq === chain.end.seq && Buffer.from(head.hash).equals(chain.end.hash);
  if (!isEnd) throw new ReeveError('chain-invalid', { what: 'head', expected: chain.end.seq, observed: head.seq });
  return chain;
}

/** One staged blob: a CBOR array of receipts. */
function readRun(bytes: Uint8Array): Uint8Array[] {
  const run: unknown = decodeCbor(bytes);
  if (!Array.isArray(run) || !run.every((item) => item instanceof Uint8Array)) {
    throw new ReeveError('chain-invalid', { what: 'not an array of receipts' });
  }
  return run;
}
