/**
 * A host with one enclave for the owner's tools to talk to: a real Unix socket, statements attested by the simulated NSM, commands opened and checked
 * as an enclave does (boot, sequence, body, lease). No chain, no transactions. Tests twist what it says.
 */

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { fingerprint } from '../../attestation/certificate.ts';
import { measureBundle } from '../../attestation/measure.ts';
import { createNsmClient } from '../../attestation/nsm.ts';
import { decodeCommandBody, openCommand } from '../../enclave/link/commands.ts';
import { ERRORS, isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import type { Receipt } from '../../enclave/link/receipts.ts';
import type { CommandName } from '../../enclave/link/schema/command.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { encodeStatement, hashStatements } from '../../enclave/link/statements.ts';
import { createChainSource, loadNsmRoot } from '../../scripts/dev/nsm-chain.ts';
import { createNsmDevice } from '../../scripts/dev/nsm-device.ts';
import type { FakeWallet } from './fake-wallet.ts';
import {
  addReceipt,
  b64,
  copyOf,
  createWallet,
  headHash,
  hex,
  reboot,
  rolesOf,
  signHead,
  take,
  unb64,
} from './fake-wallet.ts';

export interface Twist {
  /** Changes what is attested about a wallet. */
  statement?: (statement: Statement) => Statement;
  /** Changes the request for the NSM document. */
  attest?: (fields: { nonce: Uint8Array; userData: Uint8Array }) => { nonce: Uint8Array; userData: Uint8Array };
  /** Added to the NSM's clock, milliseconds. */
  clock?: number;
  /** Called with each command before it is taken, with a lease's number; what it throws is the answer. */
  command?: (name: CommandName, wallet: string, leaseNumber: number | null) => void;
  /** Commands are acknowledged and thrown away. */
  withhold?: boolean;
}

export interface FakeHost {
  readonly path: string;
  readonly nsmRoot: string;
  readonly pcrs: { readonly pcr0: string; readonly pcr1: string; readonly pcr2: string };
  readonly wallets: Map<string, FakeWallet>;
  /** Names of the commands taken, oldest first. */
  readonly taken: string[];
  twist: Twist;
  /** A new boot. The old one's charges are shown unless `hide` says that the host keeps its receipts back. */
  restart(options?: { hide?: boolean; closed?: boolean }): void;
  addReceipt(wallet: string, kind: Receipt['kind'], body: Receipt['body']): void;
  close(): Promise<void>;
}

/** Starts a host on `path`; the simulated NSM keeps its root in `stateDir`. */
export async function startFakeHost(path: string, stateDir: string): Promise<FakeHost> {
  const measured = measureBundle(Buffer.from('the enclave'));
  const root = loadNsmRoot(stateDir);
  const moduleId = 'i-00000000000000000-enc0123456789abcdef';
  const host: FakeHost & { boot: Uint8Array } = {
    path,
    boot: new Uint8Array(randomBytes(32)),
    nsmRoot: fingerprint(root.certificate),
    pcrs: { pcr0: hex(measured.pcr0), pcr1: hex(measured.pcr1), pcr2: hex(measured.pcr2) },
    wallets: new Map(),
    taken: [],
    twist: {},
    restart({ hide = false, closed = false } = {}) {
      host.boot = new Uint8Array(randomBytes(32));
      for (const wallet of host.wallets.values()) wallet.statement = reboot(wallet.statement, host.boot, hide, closed);
    },
    addReceipt(name, kind, body) {
      addReceipt(host.wallets.get(name) as FakeWallet, kind, body);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const handle = createNsmDevice({
    moduleId,
    pcrs: { 0: measured.pcr0, 1: measured.pcr1, 2: measured.pcr2 },
    now: () => Date.now() + (host.twist.clock ?? 0),
    chain: createChainSource(root, moduleId, 'eu-central-1'),
  });
  const nsm = createNsmClient({ request: async (bytes) => handle(bytes) });
  const server = createServer((request, response) => {
    void answer(host, nsm, request, response);
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve) => {
    server.listen(path, () => resolve());
  });
  return host;
}

type Host = FakeHost & { boot: Uint8Array };
type Body = Record<string, never> & {
  nonce: string;
  wallets: string[];
  envelope: string[];
  body: string;
  policy: string;
};

async function answer(
  host: Host,
  nsm: ReturnType<typeof createNsmClient>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = (chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString())) as Body;
    send(response, 200, await route(host, nsm, request.url ?? '', body));
  } catch (error) {
    const { code, message } = isReeveError(error) ? error : new ReeveError('internal', { detail: String(error) });
    send(response, ERRORS[code].status, { title: code, status: ERRORS[code].status, code, detail: message });
  }
}

async function route(host: Host, nsm: ReturnType<typeof createNsmClient>, url: string, body: Body): Promise<object> {
  const { pathname, searchParams } = new URL(url, 'http://host');
  if (pathname === '/v1/hello') return hello(host);
  if (pathname === '/v1/attest') return attest(host, nsm, body);
  if (pathname === '/v1/commands') return command(host, body);
  const [, name = '', what] = /^\/v1\/wallets\/([^/]+)\/([a-z]+)$/.exec(pathname) ?? [];
  if (what === 'restore') return restore(host, name, body as never);
  const wallet = host.wallets.get(name);
  if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: name });
  if (what === 'approvals') return { approvals: wallet.approvals };
  if (what === 'state') return copyOf(wallet);
  const after = Number(searchParams.get('after'));
  const page = wallet.receipts.slice(after, after + Number(searchParams.get('limit')));
  return {
    receipts: page.map(b64),
    signedHead: b64(signHead(name, wallet)),
    more: after + page.length < wallet.receipts.length,
  };
}

function hello(host: Host): object {
  const wallets = [...host.wallets].map(([wallet, { statement }]) => ({ wallet, phase: statement.phase }));
  return { boot: hex(host.boot), image: 'fake', mode: 'development', time: Date.now(), wallets };
}

async function attest(host: Host, nsm: ReturnType<typeof createNsmClient>, body: Body): Promise<object> {
  const statements = body.wallets.map((name) => {
    const wallet = host.wallets.get(name);
    if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: name });
    const head = { seq: wallet.receipts.length, hash: headHash(wallet) };
    const stated = { ...wallet.statement, time: BigInt(Date.now()), head };
    return encodeStatement(host.twist.statement?.(stated) ?? stated);
  });
  const asked = { nonce: unb64(body.nonce), userData: new Uint8Array(hashStatements(statements)) };
  const document = await nsm.attest(host.twist.attest?.(asked) ?? asked);
  if (!document.ok) throw new Error(document.refusal.detail);
  return { statements: statements.map(b64), document: b64(document.value) };
}

function command(host: Host, { envelope, body, policy }: Body): object {
  const signed = envelope.map(unb64);
  const { payload, signers } = openCommand(signed);
  host.twist.command?.(payload.command, payload.wallet, readLeaseNumber(payload, unb64(body)));
  if (host.twist.withhold === true) return { command: payload.command, wallet: payload.wallet, phase: 'active' };
  if (!Buffer.from(payload.boot).equals(host.boot)) throw new ReeveError('command-boot');
  const content = decodeCommandBody(payload.command, unb64(body), payload.bodyHash);
  if (payload.command === 'wallet.create') {
    if (host.wallets.has(payload.wallet)) throw new ReeveError('wallet-exists');
    host.wallets.set(payload.wallet, createWallet(host.boot, content as never, unb64(policy), signed, unb64(body)));
  }
  const wallet = host.wallets.get(payload.wallet);
  if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: payload.wallet });
  const { statement } = wallet;
  if (payload.seq <= statement.commandSeq) throw new ReeveError('command-replayed');
  const allowed = [statement.owner, ...rolesOf(statement, payload.command)];
  if (!signers.every((key) => allowed.some((known) => Buffer.from(known).equals(key))))
    throw new ReeveError('command-signature');
  take(wallet, payload.command, content as never, policy === undefined ? null : { bytes: unb64(policy), signed, body });
  wallet.statement = { ...wallet.statement, commandSeq: payload.seq };
  host.taken.push(payload.command);
  const isCreation = payload.command === 'wallet.create';
  const { policyHash, policyVersion } = wallet.statement;
  addReceipt(wallet, 'command', {
    command: payload.command,
    seq: payload.seq,
    signers: [...signers],
    envelope: signed,
    ...(isCreation ? { policyHash, policyVersion, seal: wallet.seal } : {}),
  });
  const seal = isCreation ? { seal: b64(wallet.seal) } : {};
  return { command: payload.command, wallet: payload.wallet, phase: wallet.statement.phase, ...seal };
}

function readLeaseNumber({ command, bodyHash }: ReturnType<typeof openCommand>['payload'], body: Uint8Array) {
  if (command !== 'lease.grant') return null;
  return (decodeCommandBody(command, body, bodyHash) as { lease: { number: number } }).lease.number;
}

function restore(
  host: Host,
  name: string,
  body: { seal: string; policy: string; policyEnvelope: string[]; policyBody: string },
): object {
  const { payload } = openCommand(body.policyEnvelope.map(unb64));
  const content = decodeCommandBody(payload.command, unb64(body.policyBody), payload.bodyHash);
  if (payload.command !== 'wallet.create') throw new ReeveError('request-malformed');
  const signed = body.policyEnvelope.map(unb64);
  const made = createWallet(host.boot, content as never, unb64(body.policy), signed, unb64(body.policyBody));
  host.wallets.set(name, made);
  return { agent: b64(made.statement.agent), phase: 'sealed' };
}

function send(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
  response.end(JSON.stringify(value));
}
