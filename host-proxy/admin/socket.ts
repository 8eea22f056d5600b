/** The admin socket, mode 0600: relays signed commands, attestation requests, stored state. It carries no authority of its own. All bytes are base64. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { ReeveError } from '../../enclave/link/errors.ts';
import { COMMAND_SIGNATURES, POLICY_BYTES, WALLETS_PER_ATTESTATION } from '../../enclave/link/limits.ts';
import { Fields, WalletName } from '../../enclave/link/schema/blocks.ts';
import { ApprovalId } from '../../enclave/link/schema/command.ts';
import type { Approval } from '../../enclave/link/schema/results.ts';
import { listWallets } from '../enclave/connection.ts';
import type { AskOwner } from '../enclave/restore.ts';
import { closeServer, createApp, serveApp } from '../http/app.ts';
import type { ConnectionPool } from '../http/connections.ts';
import { listenUnix } from '../http/listen.ts';
import { approvalJson, readBase64, toBase64, toHex, toMillis } from '../routes/json.ts';
import { readCurrentPolicy, readTail } from '../store/tail.ts';
import type { WalletStore } from '../store/wallet.ts';
import { keepPaid } from '../transfer/records.ts';
import type { AdminServices } from './commands.ts';
import { relayCommand, restoreCopy } from './commands.ts';

/** Bytes of a request body: a policy in base64 with room for the rest. */
const BODY_BYTES = 1024 * 1024;
/** Receipts in one answer. */
const RECEIPTS_PER_PAGE = 500;

const Base64 = (maxBytes: number) => Type.String({ minLength: 4, maxLength: Math.ceil(maxBytes / 3) * 4 });
const EnvelopeText = Type.Array(Base64(4096), { minItems: 1, maxItems: COMMAND_SIGNATURES });
const WalletParams = Fields({ wallet: WalletName() });
const AttestBody = Fields({
  nonce: Base64(64),
  wallets: Type.Array(WalletName(), { maxItems: WALLETS_PER_ATTESTATION, uniqueItems: true }),
});
const CommandBody = Fields({
  envelope: EnvelopeText,
  body: Base64(32768),
  policy: Type.Optional(Base64(POLICY_BYTES)),
});
const RestoreBody = Fields({
  seal: Base64(8192),
  policy: Base64(POLICY_BYTES),
  policyEnvelope: EnvelopeText,
  policyBody: Base64(32768),
});
const PaidBody = Fields({
  approvalId: ApprovalId(),
  signature: Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{64,88}$' }),
  transaction: Base64(4096),
});
const ReceiptsQuery = Fields({
  after: Type.Optional(Type.String({ pattern: '^[0-9]{1,10}$' })),
  limit: Type.Optional(Type.String({ pattern: '^[0-9]{1,4}$' })),
});

/** Listens at `path` until closed. */
export async function startAdminSocket(path: string, services: AdminServices, pool: ConnectionPool, log: Logger) {
  const app = createApp(log, BODY_BYTES);
  addEnclaveRoutes(app, services);
  addStoreRoutes(app, services);
  await app.ready();
  const server = serveApp(app, pool);
  await listenUnix(server, path, { mode: 0o600 });
  return { close: (graceMs: number) => closeServer(server, graceMs) };
}

const bodyOf = <Schema extends TSchema>(request: FastifyRequest, _schema: Schema) => request.body as Static<Schema>;

function addEnclaveRoutes(app: FastifyInstance, services: AdminServices): void {
  const { enclave, store } = services;
  app.get('/v1/health', async () => describeHealth(services));
  app.get('/v1/hello', async () => {
    const { boot, image, mode, time } = await enclave.askOwner('hello', {});
    return { boot: toHex(boot), image, mode, time: toMillis(time), wallets: await listWallets(enclave.askOwner) };
  });
  app.post('/v1/attest', { schema: { body: AttestBody } }, async (request) => {
    const { nonce, wallets } = bodyOf(request, AttestBody);
    const answer = await enclave.askOwner('attest', { nonce: readBase64(nonce, 'body/nonce'), wallets });
    return { statements: answer.statements.map(toBase64), document: toBase64(answer.document) };
  });
  app.post('/v1/commands', { schema: { body: CommandBody } }, async (request) => {
    const { envelope, body, policy } = bodyOf(request, CommandBody);
    const { seal, signature, ...result } = await relayCommand(services, {
      envelope: envelope.map((text) => readBase64(text, 'body/envelope')),
      body: readBase64(body, 'body/body'),
      policy: policy === undefined ? null : readBase64(policy, 'body/policy'),
    });
    return {
      ...result,
      ...(seal !== undefined && { seal: toBase64(seal) }),
      ...(signature !== undefined && { signature: toBase64(signature) }),
    };
  });
  app.get('/v1/wallets/:wallet/approvals', { schema: { params: WalletParams } }, async (request) => {
    const { name: wallet } = findWallet(services, request);
    return { approvals: (await listApprovals(enclave.askOwner, wallet)).map(approvalJson) };
  });
  app.post('/v1/wallets/:wallet/restore', { schema: { params: WalletParams, body: RestoreBody } }, async (request) => {
    const copy = bodyOf(request, RestoreBody);
    const { wallet } = request.params as Static<typeof WalletParams>;
    if (store.damaged.has(wallet)) throw new ReeveError('store-damaged', { wallet });
    const { agent, phase } = await restoreCopy(services, wallet, {
      seal: readBase64(copy.seal, 'body/seal'),
      policy: readBase64(copy.policy, 'body/policy'),
      policyEnvelope: copy.policyEnvelope.map((text) => readBase64(text, 'body/policyEnvelope')),
      policyBody: readBase64(copy.policyBody, 'body/policyBody'),
    });
    return { agent: toBase64(agent), phase };
  });
}

function addStoreRoutes(app: FastifyInstance, services: AdminServices): void {
  app.get('/v1/wallets/:wallet/state', { schema: { params: WalletParams } }, async (request) => {
    const wallet = findWallet(services, request);
    const tail = await readTail(wallet);
    const { policy, envelope, body } = await readCurrentPolicy(wallet, tail.policyHash);
    return {
      seal: toBase64(tail.seal ?? (await wallet.readSeal()) ?? new Uint8Array()),
      policy: toBase64(policy),
      policyEnvelope: envelope.map(toBase64),
      policyBody: toBase64(body),
      signedHead: describeHead(wallet),
      lastSeq: wallet.storedSeq(),
    };
  });
  app.post('/v1/wallets/:wallet/payments', { schema: { params: WalletParams, body: PaidBody } }, async (request) => {
    const wallet = findWallet(services, request);
    const { approvalId, signature, transaction } = bodyOf(request, PaidBody);
    await keepPaid(wallet, approvalId, { signature, transaction });
    return { wallet: wallet.name, approvalId };
  });
  app.get(
    '/v1/wallets/:wallet/receipts',
    { schema: { params: WalletParams, querystring: ReceiptsQuery } },
    async (request) => {
      const wallet = findWallet(services, request);
      const { after = '0', limit } = request.query as Static<typeof ReceiptsQuery>;
      const count = Math.min(Math.max(Number(limit ?? RECEIPTS_PER_PAGE), 1), RECEIPTS_PER_PAGE);
      const receipts = await wallet.readReceipts(Number(after), count);
      const more = Number(after) + receipts.length < wallet.storedSeq();
      return { receipts: receipts.map(toBase64), signedHead: describeHead(wallet), more };
    },
  );
}

async function listApprovals(ask: AskOwner, wallet: string): Promise<Approval[]> {
  const all: Approval[] = [];
  for (;;) {
    const last = all.at(-1)?.id;
    const page = await ask('approvals.list', { wallet, ...(last !== undefined && { after: last }) });
    all.push(...page.approvals);
    if (page.more !== true || page.approvals.length === 0) return all;
  }
}

/** Null before the first receipt. */
function describeHead(wallet: WalletStore): string | null {
  const newest = wallet.newestHead();
  return newest === null ? null : toBase64(newest.signedHead);
}

function findWallet({ store }: AdminServices, request: FastifyRequest): WalletStore {
  const { wallet: name } = request.params as Static<typeof WalletParams>;
  const damage = store.damaged.get(name);
  if (damage !== undefined) throw damage;
  const wallet = store.find(name);
  if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: name });
  return wallet;
}

function describeHealth({ enclave, store }: AdminServices): object {
  const hello = enclave.hello();
  const codes = (errors: ReadonlyMap<string, ReeveError>) =>
    Object.fromEntries([...errors].map(([wallet, { code }]) => [wallet, code]));
  const isWell = hello !== null && enclave.unrestored.size === 0 && store.damaged.size === 0;
  return {
    status: isWell ? 'ok' : 'degraded',
    enclave: hello === null ? 'down' : 'up',
    mode: hello?.mode,
    wallets: store.list().map(({ name }) => name),
    unrestored: codes(enclave.unrestored),
    damaged: codes(store.damaged),
  };
}
