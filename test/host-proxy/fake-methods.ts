/** What the fake enclave answers to each method. */

import { decodeCbor } from '../../enclave/link/cbor.ts';
import { decodeCommandBody, openCommand } from '../../enclave/link/commands.ts';
import { decodeSign1 } from '../../enclave/link/cose.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import { CHAIN_START, readChain } from '../../enclave/link/receipts.ts';
import type { FakeEnclave } from './fake-enclave.ts';
import type { FakeWallet } from './fake-wallet.ts';
import {
  MONTH_MS,
  makeApproval,
  makeBudget,
  makeSeal,
  makeWallet,
  sha256,
  writeBoot,
  writeDecision,
  writeReceipt,
} from './fake-wallet.ts';

type Fields = Record<string, unknown>;
interface Answer {
  readonly result: Fields;
  readonly after?: { readonly wallet: string; readonly seq: number };
}

const hex = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString('hex');

export function answerMethod(fake: FakeEnclave, method: string, params: Fields): Answer {
  const handle = METHODS[method];
  if (handle === undefined) throw new ReeveError('method-unknown', {});
  return handle(fake, params);
}

function find(fake: FakeEnclave, params: Fields): FakeWallet {
  const wallet = fake.wallets.get(String(params['wallet']));
  if (wallet === undefined) throw new ReeveError('wallet-unknown', {});
  return wallet;
}

function watch({ name, phase }: FakeWallet): Fields {
  const assets = [{ asset: 'SOL', ceiling: '700', unseen: '5' }];
  return { wallet: name, phase, leaseEndsAt: 61_001n, assets, approvals: 2, unstored: 3 };
}

const METHODS: Readonly<Record<string, (fake: FakeEnclave, params: Fields) => Answer>> = {
  hello: ({ boot, wallets }) => ({
    result: { boot, image: 'fake', mode: 'development', time: 1n, wallets: wallets.size },
  }),
  attest: (_fake, { wallets, nonce }) => ({
    result: { statements: (wallets as string[]).map((name) => new TextEncoder().encode(name)), document: nonce },
  }),
  'receipts.since': (fake, params) => {
    find(fake, params);
    return { result: { more: false } };
  },
  'credentials.set': (fake, params) => {
    fake.credentials = params;
    return { result: {} };
  },
  'wallets.list': ({ wallets }) => ({
    result: { wallets: [...wallets.values()].map(({ name, phase }) => ({ wallet: name, phase })), more: false },
  }),
  'wallets.watch': ({ wallets }, { after = '' }) => {
    const found = [...wallets.values()].filter(({ name }) => name > String(after));
    return { result: { wallets: found.slice(0, 1).map(watch), more: found.length > 1 } };
  },
  'restore.end': () => ({ result: {} }),
  'blob.put': putBlob,
  command: takeCommand,
  'wallet.restore': restore,
  'boot.close': closeBoot,
  'approvals.list': ({ approvalState }) => ({ result: { approvals: [makeApproval(approvalState)] } }),
  'approval.read': (fake, params) => {
    find(fake, params);
    return { result: makeApproval(fake.approvalState) };
  },
  'wallet.read': (fake, params) => {
    const { agent, receiptKey, phase, policyHash, policyVersion, seq, hash } = find(fake, params);
    const keys = { agent: agent.key, receiptKey: receiptKey.key };
    return { result: { ...keys, phase, policyHash, policyVersion, leaseEndsAt: MONTH_MS, head: { seq, hash } } };
  },
  'budget.read': (fake, params) => {
    find(fake, params);
    const isFirst = params['after'] === undefined;
    return { result: { budget: makeBudget(isFirst ? 'SOL' : 'USDC'), more: isFirst } };
  },
  evaluate: (fake, params) => {
    find(fake, params);
    const rest = { violations: [], effects: [], charges: { SOL: '5000' }, effectsHash: new Uint8Array(32) };
    return { result: { decision: 'allow', ...rest } };
  },
  'message.sign': (fake, params) => {
    writeDecision(find(fake, params), fake.boot, 'deny');
    return { result: { outcome: 'refused', violations: [{ code: 'message-denied', detail: 'no messages' }] } };
  },
  sign,
};

function putBlob({ blobs }: FakeEnclave, { hash, total, offset, bytes }: Fields): Answer {
  const before = offset === 0 ? new Uint8Array() : (blobs.get(hex(hash)) ?? new Uint8Array());
  const all = Buffer.concat([before, bytes as Uint8Array]);
  blobs.set(hex(hash), all);
  if (all.length === total && hex(sha256(all)) !== hex(hash)) throw new ReeveError('blob-refused', {});
  return { result: { have: all.length } };
}

function takeBlob({ blobs }: FakeEnclave, hash: Uint8Array): Uint8Array {
  const blob = blobs.get(hex(hash));
  if (blob === undefined) throw new ReeveError('blob-refused', {});
  return new Uint8Array(blob);
}

function takeCommand(fake: FakeEnclave, { envelope, body }: Fields): Answer {
  const { payload, signers } = openCommand(envelope as Uint8Array[]);
  const { command, wallet: name, seq } = payload;
  if (hex(payload.boot) !== hex(fake.boot)) throw new ReeveError('command-boot', {});
  if (command === 'wallet.create' && fake.wallets.has(name)) throw new ReeveError('wallet-exists', {});
  const read = decodeCommandBody(command, body as Uint8Array, payload.bodyHash) as Fields;
  const policyHash = read['policyHash'] as Uint8Array | undefined;
  if (policyHash !== undefined) takeBlob(fake, policyHash);
  if (command === 'wallet.create') fake.wallets.set(name, makeWallet(name, policyHash as Uint8Array));
  const wallet = find(fake, { wallet: name });
  if (command === 'wallet.create') writeBoot(wallet, fake.boot, 0);
  if (command === 'policy.set') {
    if (read['version'] !== wallet.policyVersion + 1) throw new ReeveError('policy-version', {});
    Object.assign(wallet, { policyVersion: read['version'], policyHash });
  }
  const policy = policyHash === undefined ? {} : { policyHash, policyVersion: wallet.policyVersion };
  const seal = command === 'wallet.create' ? { seal: makeSeal(wallet) } : {};
  const facts = { command, seq, signers: [...signers], envelope, ...policy, ...seal };
  const receipt = writeReceipt(wallet, fake.boot, 'command', facts);
  if (fake.loseCommandReply) fake.dropConnections();
  return { result: { command, wallet: name, phase: wallet.phase, ...seal }, after: { wallet: name, seq: receipt.seq } };
}

function restore(fake: FakeEnclave, params: Fields): Answer {
  if (fake.failRestore !== null) throw new ReeveError(fake.failRestore, {});
  const name = String(params['wallet']);
  const { payload } = openCommand(params['policyEnvelope'] as Uint8Array[]);
  const body = decodeCommandBody(payload.command, params['policyBody'] as Uint8Array, payload.bodyHash) as Fields;
  takeBlob(fake, body['policyHash'] as Uint8Array);
  const hashes = params['receipts'] as Uint8Array[];
  const receipts = hashes.flatMap((hash) => decodeCbor(takeBlob(fake, hash)) as Uint8Array[]);
  const first =
    receipts[0] === undefined ? null : (decodeCbor(receipts[0]) as unknown as { seq: number; prev: Uint8Array });
  const { end } = readChain(name, first === null ? CHAIN_START : { seq: first.seq - 1, hash: first.prev }, receipts);
  const signedHead = params['signedHead'] as Uint8Array | undefined;
  const head = signedHead === undefined ? end : (decodeCbor(decodeSign1(signedHead).payload) as unknown as typeof end);
  if (hex(head.hash) !== hex(end.hash)) throw new ReeveError('chain-invalid', { what: 'head' });
  const wallet = makeWallet(name, body['policyHash'] as Uint8Array);
  Object.assign(wallet, { seq: end.seq, hash: end.hash, handed: end.seq, policyVersion: body['version'] ?? 1 });
  fake.wallets.set(name, wallet);
  fake.restored.set(name, receipts.length);
  writeBoot(wallet, fake.boot, receipts.length);
  return { result: { agent: wallet.agent.key, phase: wallet.phase }, after: { wallet: name, seq: wallet.seq } };
}

/** As the real one: the reply waits for the last `close` only. */
function closeBoot(fake: FakeEnclave, params: Fields): Answer {
  const wallets = (params['wallets'] as string[]).map((wallet) => find(fake, { wallet }));
  for (const wallet of wallets) {
    wallet.phase = 'closed';
    writeReceipt(wallet, fake.boot, 'close', { spentInBoot: [] });
  }
  const last = wallets.at(-1);
  return { result: {}, ...(last !== undefined && { after: { wallet: last.name, seq: last.seq } }) };
}

function sign(fake: FakeEnclave, params: Fields): Answer {
  const wallet = find(fake, params);
  const scripted = fake.script?.(params) ?? null;
  if (scripted?.['outcome'] === 'refused') writeDecision(wallet, fake.boot, 'deny');
  if (scripted !== null) return { result: scripted };
  if (wallet.phase !== 'active') throw new ReeveError('phase-refused', {});
  const messages = (params['transactions'] as Uint8Array[]).map((wire) => wire.slice(1 + 64 * (wire[0] ?? 0)));
  const messageHashes = messages.map(sha256);
  const hashes = messageHashes.map(hex).join();
  const id = String(params['id'] ?? hashes);
  const known = wallet.ids.get(id);
  if (known !== undefined && known.hashes !== hashes)
    return { result: { outcome: 'id-reused', signatures: known.signatures, messageHashes: known.messageHashes } };
  const signatures = messages.map((message) => wallet.agent.sign(message));
  wallet.ids.set(id, { hashes, signatures, messageHashes });
  wallet.signed += known === undefined ? 1 : 0;
  const receipt = writeDecision(wallet, fake.boot, 'allow', { signatures, messageHashes });
  if (fake.loseSignReply) fake.dropConnections();
  const facts = { charges: { SOL: '5000' }, budget: makeBudget('SOL'), receipt, repeated: known !== undefined };
  return {
    result: { outcome: 'signed', signatures, messageHashes, ...facts },
    after: { wallet: wallet.name, seq: receipt.seq },
  };
}
