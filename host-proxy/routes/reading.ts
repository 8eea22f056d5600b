/** Reads: wallet, policy, budget, approvals, attestation, health. With the enclave away they answer from what was stored, marked `stale`. */

import { Type } from 'typebox';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { Fields } from '../../enclave/link/schema/blocks.ts';
import { ApprovalId } from '../../enclave/link/schema/command.ts';
import type { Budget } from '../../enclave/link/schema/results.ts';
import type { WalletStore } from '../store/wallet.ts';
import { encodeBase58 } from '../transactions/base58.ts';
import { readPaid } from '../transfer/records.ts';
import { readSealFacts } from './agent-key.ts';
import { findCurrentPolicy } from './current-policy.ts';
import { approvalJson, budgetJson, readBase64, receiptJson, toBase64, toHex, toMillis } from './json.ts';
import type { Answer, Services } from './route.ts';
import { defineRoute, done, refuse } from './route.ts';

/** An owner's command wakes who waits for an approval; its end by time is seen within this, milliseconds. */
const APPROVAL_LOOK_MS = 2_000;
/** One attestation per wallet in this time, milliseconds: the machine's module makes a few a second for everyone. */
const ATTESTATION_EVERY_MS = 10_000;

export const walletRoute = defineRoute({
  method: 'GET',
  url: '/v1/wallet',
  summary: 'The wallet: address, phase, policy version, end of the lease.',
  async handle({ services, wallet }) {
    const ask = () => readWallet(services, wallet);
    try {
      return done(await services.reads.read(wallet, 'wallet', ask));
    } catch (cause) {
      if (!isReeveError(cause, 'enclave-unavailable')) throw cause;
      const { agent, receiptKey } = await readSealFacts(wallet);
      return done({
        wallet: wallet.name,
        address: encodeBase58(agent),
        receiptKey: encodeBase58(receiptKey),
        stale: true,
      });
    }
  },
});

async function readWallet({ enclave }: Services, wallet: WalletStore): Promise<object> {
  const facts = await enclave.askWallet('wallet.read', wallet.name, {});
  return {
    wallet: wallet.name,
    address: encodeBase58(facts.agent),
    receiptKey: encodeBase58(facts.receiptKey),
    phase: facts.phase,
    policy: { hash: toHex(facts.policyHash), version: facts.policyVersion },
    leaseEndsAt: toMillis(facts.leaseEndsAt),
    head: receiptJson(facts.head),
    mode: enclave.hello()?.mode,
  };
}

export const policyRoute = defineRoute({
  method: 'GET',
  url: '/v1/policy',
  summary: 'The policy document in force, its hash and version.',
  async handle({ services, wallet }) {
    return done(await findCurrentPolicy(services.enclave, wallet));
  },
});

export const budgetRoute = defineRoute({
  method: 'GET',
  url: '/v1/budget',
  summary: 'What can be spent now, per asset and window.',
  async handle({ services, wallet }) {
    return done(await services.reads.read(wallet, 'budget', () => readBudget(services, wallet)));
  },
});

async function readBudget({ enclave }: Services, wallet: WalletStore): Promise<object> {
  const assets: Budget['assets'] = [];
  for (;;) {
    const last = assets.at(-1)?.asset;
    const page = await enclave.askWallet('budget.read', wallet.name, last === undefined ? {} : { after: last });
    assets.push(...page.budget.assets);
    if (!page.more || page.budget.assets.length === 0) return budgetJson({ ...page.budget, assets });
  }
}

export const approvalRoute = defineRoute({
  method: 'GET',
  url: '/v1/approvals/:id',
  summary:
    'An approval; with wait, the answer comes when the owner has decided or the seconds are over. `paid`: the owner made the payment, `signature` is its.',
  params: Fields({ id: ApprovalId() }),
  query: Fields({ wait: Type.Optional(Type.String({ pattern: '^([0-9]|[1-5][0-9]|60)$' })) }),
  async handle({ services, wallet, params, query, gone }) {
    const enough = AbortSignal.any([gone, AbortSignal.timeout(Number(query.wait ?? 0) * 1000)]);
    for (;;) {
      const approval = await services.enclave.askWallet('approval.read', wallet.name, { approvalId: params.id });
      // Looked at after the approval, which ends after the payment is kept: nobody is told that a paid one was denied.
      const paid = await readPaid(wallet, params.id);
      if (paid !== null) return done({ ...approvalJson(approval), ...paid, state: 'paid' });
      if (approval.state !== 'pending' || query.wait === undefined || enough.aborted)
        return done(approvalJson(approval));
      await services.enclave.waitChange(wallet.name, APPROVAL_LOOK_MS, enough);
    }
  },
});

const lastAttestation = new WeakMap<WalletStore, number>();

export const attestationRoute = defineRoute({
  method: 'GET',
  url: '/v1/attestation',
  summary:
    'The enclave attests the wallet over the caller’s nonce (16 to 64 bytes, hex or base64). At most once in ten seconds.',
  query: Fields({ nonce: Type.String({ minLength: 16, maxLength: 128 }) }),
  async handle({ services, wallet, query }): Promise<Answer> {
    const nonce = readNonce(query.nonce);
    const now = performance.now();
    const wait = (lastAttestation.get(wallet) ?? -ATTESTATION_EVERY_MS) + ATTESTATION_EVERY_MS - now;
    const seconds = Math.ceil(wait / 1000);
    if (wait > 0) return refuse('rate-limited', { retryAfter: seconds }, {}, seconds);
    lastAttestation.set(wallet, now);
    const { statements, document } = await services.enclave.askAgent('attest', { nonce, wallets: [wallet.name] });
    const statement = statements[0];
    if (statement === undefined) throw new ReeveError('reply-mismatch', { method: 'attest' });
    return done({ nonce: toHex(nonce), statement: toBase64(statement), document: toBase64(document) });
  },
});

function readNonce(text: string): Uint8Array {
  const path = 'querystring/nonce';
  const isHex = /^([0-9a-f]{2}){16,64}$/.test(text);
  const nonce = isHex ? new Uint8Array(Buffer.from(text, 'hex')) : readBase64(text.replaceAll(' ', '+'), path);
  if (nonce.length < 16 || nonce.length > 64)
    throw new ReeveError('body-invalid', { path, problem: 'is not 16 to 64 bytes' });
  return nonce;
}

export const healthRoute = defineRoute({
  method: 'GET',
  url: '/v1/health',
  summary: 'Whether the proxy and the enclave are up.',
  async handle({ services, wallet }) {
    const hello = services.enclave.hello();
    const missing = services.enclave.unrestored.get(wallet.name);
    const status = hello !== null && missing === undefined ? 'ok' : 'degraded';
    const reason = missing === undefined ? {} : { reason: missing.code };
    return done({ status, wallet: wallet.name, enclave: hello === null ? 'down' : 'up', mode: hello?.mode, ...reason });
  },
});
