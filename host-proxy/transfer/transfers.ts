/**
 * Convenience transfers: build, sign, send, and the promise that one id pays at most once. The order on disk makes it so: the unsigned bytes before the
 * enclave is asked, the signed bytes before they are sent, and after that only ever these bytes.
 */

import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Enclave } from '../enclave/enclave.ts';
import { readAgentKey } from '../routes/agent-key.ts';
import type { PolicyDocument } from '../routes/current-policy.ts';
import { findCurrentPolicy } from '../routes/current-policy.ts';
import type { SignOutcome } from '../routes/json.ts';
import { budgetJson, readAddress, receiptJson, toBase64, toHex } from '../routes/json.ts';
import type { Rpc } from '../rpc.ts';
import type { Store } from '../store/store.ts';
import type { WalletStore } from '../store/wallet.ts';
import { encodeBase58 } from '../transactions/base58.ts';
import { attachSignature } from '../transactions/wire.ts';
import { buildTransfer } from './build.ts';
import type { Attempt, SignedTransfer, Transfer, TransferRequest } from './records.ts';
import { dropTransfer, keepAsked, listSent, readTransfer, writeTransfer } from './records.ts';
import { trackTransfer } from './track.ts';
import { buildLimitUse, buildProposal, mayPropose, readVaultPayment } from './vault.ts';

/** Signed and on its way, or what the enclave said instead. */
export type TransferOutcome =
  | { readonly kind: 'signed'; readonly transfer: SignedTransfer; readonly repeated: boolean }
  | { readonly kind: 'unsigned'; readonly result: Exclude<SignOutcome, { outcome: 'signed' }> };

export interface Transfers {
  /** `id-reused` when the id was used for another payment. Waits up to `waitMs` for the end, or until `gone`. */
  pay(wallet: WalletStore, request: TransferRequest, waitMs: number, gone: AbortSignal): Promise<TransferOutcome>;
  read(wallet: WalletStore, id: string): Promise<Transfer | null>;
  /** Goes on with what was sent before a restart. */
  resume(): Promise<void>;
  close(): void;
}

/** What stands against a limit and not against a proposal: how much, and who is asked first. */
const BEYOND_LIMIT: ReadonlySet<string> = new Set([
  'per-transaction-exceeded',
  'window-exceeded',
  'ceiling-exceeded',
  'approval-above',
  'approval-asset',
  'approval-recipient',
]);

/** Bytes asked for under one id whose outcome is not known; more are not remembered. */
const ATTEMPTS_MAX = 16;
/** Transfers of one wallet whose end is not known, followed at a time; those of before a restart are followed however many. */
const OPEN_TRANSFERS_MAX = 256;

interface Context {
  readonly enclave: Enclave;
  readonly rpc: Rpc | null;
  readonly log: Logger;
  readonly stop: AbortController;
  /** One payment or follower at a time for each wallet and id. */
  readonly paying: Map<string, Promise<TransferOutcome>>;
  readonly following: Map<string, Promise<SignedTransfer>>;
  /** How many are followed, by wallet. */
  readonly open: Map<string, number>;
}

export function createTransfers(store: Store, enclave: Enclave, rpc: Rpc | null, log: Logger): Transfers {
  const maps = { paying: new Map(), following: new Map(), open: new Map() };
  const context: Context = { enclave, rpc, log, stop: new AbortController(), ...maps };

  async function pay(wallet: WalletStore, request: TransferRequest, waitMs: number, gone: AbortSignal) {
    const key = `${wallet.name}/${request.id}`;
    const before = context.paying.get(key);
    const paying =
      before === undefined ? payOnce(context, wallet, request) : payAfter(before, context, wallet, request);
    context.paying.set(key, paying);
    const outcome = await paying.finally(() => {
      if (context.paying.get(key) === paying) context.paying.delete(key);
    });
    if (outcome.kind === 'unsigned' || outcome.transfer.status !== 'sent') return outcome;
    return { ...outcome, transfer: await waitForEnd(context, wallet, outcome.transfer, waitMs, gone) };
  }

  async function resume(): Promise<void> {
    if (rpc === null) return;
    for (const wallet of store.list()) {
      for (const transfer of await listSent(wallet)) void follow(context, rpc, wallet, transfer);
    }
  }

  return { pay, read: (wallet, id) => readTransfer(wallet, id), resume, close: () => context.stop.abort() };
}

/** A second call of the same id waits for the first and then finds what it left. */
async function payAfter(before: Promise<unknown>, context: Context, wallet: WalletStore, request: TransferRequest) {
  await before.catch(() => undefined);
  return payOnce(context, wallet, request);
}

async function payOnce(context: Context, wallet: WalletStore, request: TransferRequest): Promise<TransferOutcome> {
  const known = await readTransfer(wallet, request.id);
  if (known !== null && !isSame(known.request, request)) throw new ReeveError('id-reused', { id: request.id });
  if (known !== null && known.status !== 'built') return { kind: 'signed', transfer: known, repeated: true };
  if (context.rpc === null) throw new ReeveError('rpc-unset', {});
  if ((context.open.get(wallet.name) ?? 0) >= OPEN_TRANSFERS_MAX)
    throw new ReeveError('wallet-busy', { wallet: wallet.name, openTransfers: OPEN_TRANSFERS_MAX });
  const { document } = await findCurrentPolicy(context.enclave, wallet);
  const agent = await readAgentKey(wallet);
  const attempt = await buildPayment(context, context.rpc, wallet, { request, document, agent });
  const attempts = [...(known?.attempts ?? []), attempt].slice(-ATTEMPTS_MAX);
  await writeTransfer(wallet, { request, status: 'built', attempts });
  const result = await askSignature(context, wallet, request, attempt);
  return settle(context, wallet, { request, attempts, agent }, result);
}

function isSame(a: TransferRequest, b: TransferRequest): boolean {
  return a.to === b.to && a.asset === b.asset && a.amount === b.amount && a.memo === b.memo && a.from === b.from;
}

interface Wanted {
  readonly request: TransferRequest;
  readonly document: PolicyDocument;
  readonly agent: Uint8Array;
}

/**
 * From the agent's own key, or from a vault: on the strength of its limit, or, where the policy allows proposals and only amounts or missing approval
 * stand against the limit, as a proposal. The dry run asks for nothing and so leaves no approval waiting behind.
 */
async function buildPayment({ enclave }: Context, rpc: Rpc, wallet: WalletStore, wanted: Wanted): Promise<Attempt> {
  const { request, document, agent } = wanted;
  if (request.from === undefined) return buildTransfer(rpc, document, agent, request);
  const payment = readVaultPayment(document, request, request.from);
  const use = await buildLimitUse(rpc, document, agent, request, payment);
  const proposable = mayPropose(payment);
  if (use !== null) {
    if (!proposable) return use;
    const asked = { transactions: [readTransaction(use)], owners: namedOwners(request) };
    const { violations } = await enclave.askWallet('evaluate', wallet.name, asked);
    if (violations.length === 0 || !violations.every(({ code }) => BEYOND_LIMIT.has(code))) return use;
  }
  if (!proposable) throw new ReeveError('vault-unknown', { vault: request.from, asset: payment.name });
  return buildProposal(rpc, document, agent, request, payment);
}

const readTransaction = ({ transaction }: Attempt) => new Uint8Array(Buffer.from(transaction, 'base64'));
/** Of SOL the recipient is the account itself; of a mint the enclave derives it from the owner. */
const namedOwners = ({ asset, to }: TransferRequest) => (asset === 'SOL' ? [] : [readAddress(to, 'body/to')]);

function askSignature({ enclave }: Context, wallet: WalletStore, request: TransferRequest, attempt: Attempt) {
  return enclave.askWallet('sign', wallet.name, {
    id: request.id,
    transactions: [readTransaction(attempt)],
    owners: namedOwners(request),
  });
}

interface Paying {
  readonly request: TransferRequest;
  readonly attempts: readonly Attempt[];
  readonly agent: Uint8Array;
}

/**
 * Keeps the signed bytes and starts to send them. `id-reused` from the enclave means that an earlier attempt was signed and its answer lost: then that
 * one is the payment. It was never sent, so it may have expired: the caller then sees `expired` and asks with a new id.
 */
async function settle(
  context: Context,
  wallet: WalletStore,
  paying: Paying,
  result: SignOutcome,
): Promise<TransferOutcome> {
  if (result.outcome === 'refused' || result.outcome === 'needs-approval') {
    if (result.outcome === 'needs-approval') await keepAsked(wallet, result.approval.id, paying.request);
    await dropTransfer(wallet, paying.request.id);
    return { kind: 'unsigned', result };
  }
  const [signature, hash] = [result.signatures[0] as Uint8Array, result.messageHashes[0] as Uint8Array];
  const attempt = paying.attempts.findLast(({ transaction }) => hashMessage(transaction) === toHex(hash));
  if (attempt === undefined) {
    await dropTransfer(wallet, paying.request.id);
    throw new ReeveError('id-reused', { id: paying.request.id });
  }
  const wire = attachSignature(Buffer.from(attempt.transaction, 'base64'), paying.agent, signature);
  const facts = { signature: encodeBase58(signature), transaction: toBase64(wire), messageHash: toHex(hash) };
  const signed = result.outcome === 'signed' ? { ...facts, ...describeSigned(result) } : facts;
  const { lastValidBlockHeight, proposal } = attempt;
  const proposed = proposal === undefined ? {} : { proposal };
  const transfer: SignedTransfer = {
    request: paying.request,
    status: 'sent',
    signed,
    lastValidBlockHeight,
    ...proposed,
  };
  await writeTransfer(wallet, transfer);
  if (context.rpc !== null) void follow(context, context.rpc, wallet, transfer);
  return { kind: 'signed', transfer, repeated: result.outcome !== 'signed' };
}

function describeSigned({ charges, budget, receipt }: Extract<SignOutcome, { outcome: 'signed' }>) {
  return { charges, budget: budgetJson(budget), receipt: receiptJson(receipt) };
}

/** Our transactions have one signature: the message begins after its count and its 64 bytes. */
function hashMessage(transaction: string): string {
  return createHash('sha256').update(Buffer.from(transaction, 'base64').subarray(65)).digest('hex');
}

function follow(context: Context, rpc: Rpc, wallet: WalletStore, transfer: SignedTransfer): Promise<SignedTransfer> {
  const key = `${wallet.name}/${transfer.request.id}`;
  const known = context.following.get(key);
  if (known !== undefined) return known;
  const keep = (next: SignedTransfer) => writeTransfer(wallet, next);
  const following = trackTransfer(rpc, transfer, context.stop.signal, keep).catch((cause) => {
    context.log.error({ wallet: wallet.name, reason: (cause as Error).name }, 'transfer not followed');
    return transfer;
  });
  const count = (change: number) => context.open.set(wallet.name, (context.open.get(wallet.name) ?? 0) + change);
  context.following.set(key, following);
  count(1);
  void following.finally(() => {
    context.following.delete(key);
    count(-1);
  });
  return following;
}

async function waitForEnd(
  context: Context,
  wallet: WalletStore,
  transfer: SignedTransfer,
  waitMs: number,
  gone: AbortSignal,
) {
  if (context.rpc === null || waitMs === 0) return transfer;
  const enough = AbortSignal.any([gone, AbortSignal.timeout(waitMs)]);
  const timeout = new Promise<null>((resolve) => enough.addEventListener('abort', () => resolve(null)));
  const end = await Promise.race([follow(context, context.rpc, wallet, transfer), timeout]);
  if (end !== null) return end;
  const now = await readTransfer(wallet, transfer.request.id);
  return now === null || now.status === 'built' ? transfer : now;
}
