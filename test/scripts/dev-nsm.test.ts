/** The simulated NSM through the client the enclave uses: its documents pass the one verifier, its PCRs behave as a real NSM's. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { AttestationDocument } from '../../attestation/document.ts';
import { parseDocument } from '../../attestation/document.ts';
import { extendPcr, measureBundle, measureOnce } from '../../attestation/measure.ts';
import type { NsmClient } from '../../attestation/nsm.ts';
import { connectNsm, createNsmClient } from '../../attestation/nsm.ts';
import { AWS_NITRO_ROOT_FINGERPRINT } from '../../attestation/roots.ts';
import type { Expectations } from '../../attestation/verify.ts';
import { verifyDocument } from '../../attestation/verify.ts';
import type { SimulatedNsmOptions } from '../../scripts/dev/nsm.ts';
import { startSimulatedNsm } from '../../scripts/dev/nsm.ts';

const HOUR = 3_600_000;
const PCRS = measureBundle(Buffer.from('image'));
const ROLE = 'arn:aws:iam::000000000000:role/reeve';
const MODULE = 'i-0123456789abcdef0-enc0123456789abcdef';
const ZERO = Buffer.alloc(48);

const folder = mkdtempSync(join(tmpdir(), 'reeve-nsm-'));
t.teardown(() => rmSync(folder, { recursive: true }));
let count = 0;

async function start(test: Pick<typeof t, 'teardown'>, options: Partial<SimulatedNsmOptions> = {}) {
  count += 1;
  const socketPath = join(folder, String(count));
  const pcrs = { 0: PCRS.pcr0, 1: PCRS.pcr1, 2: PCRS.pcr2 };
  const nsm = await startSimulatedNsm({
    socketPath,
    stateDir: join(folder, 'state'),
    pcrs,
    moduleId: MODULE,
    role: ROLE,
    ...options,
  });
  const channel = await connectNsm(socketPath);
  test.teardown(async () => {
    channel.close();
    await nsm.close();
  });
  return { ...nsm, socketPath, client: createNsmClient(channel) };
}

/** The value of an answer, or its reason and detail as one string. */
async function ask<Value>(
  answer: Promise<{ ok: true; value: Value } | { ok: false; refusal: { reason: string; detail: string } }>,
): Promise<Value | string> {
  const result = await answer;
  return result.ok ? result.value : `${result.refusal.reason}: ${result.refusal.detail}`;
}

async function attest(client: NsmClient, fields: Parameters<NsmClient['attest']>[0] = {}): Promise<Uint8Array> {
  const answer = await ask(client.attest(fields));
  if (typeof answer === 'string') {
    throw new Error(answer);
  }
  return answer;
}

function verify(bytes: Uint8Array, expectations: Expectations): AttestationDocument {
  const verdict = verifyDocument(bytes, expectations);
  if (!verdict.valid) {
    throw new Error(`${verdict.reason}: ${verdict.detail}`);
  }
  return verdict.document;
}

t.test('documents pass the verifier, under the private root and no other', async (t) => {
  const { client, rootDer, rootFingerprint } = await start(t);
  const fields = { nonce: Buffer.from('n'), userData: Buffer.alloc(512, 1), publicKey: Buffer.alloc(550, 2) };
  const bytes = await attest(client, fields);
  const expectations = {
    at: Date.now(),
    maxAgeMs: 10_000,
    pcrs: { 0: PCRS.pcr0, 3: measureOnce(Buffer.from(ROLE)), 8: ZERO },
    ...fields,
  };
  const document = verify(bytes, { root: rootDer, ...expectations });
  verify(bytes, { root: rootFingerprint, ...expectations });
  t.equal(document.moduleId, MODULE);
  t.equal(document.pcrs.size, 16);
  t.same(document.pcrs.get(4), measureOnce(Buffer.from('i-0123456789abcdef0')));
  t.equal(document.cabundle.length, 4);
  const foreign = verifyDocument(bytes, { root: AWS_NITRO_ROOT_FINGERPRINT, at: Date.now() });
  t.match(foreign, { valid: false, reason: 'root-untrusted' });
  t.match(new X509Certificate(rootDer).subject, /simulated/);
  const parsed = parseDocument(bytes);
  t.equal(parsed.ok && parsed.value.payload[0], 0xbf, 'the payload map is of indefinite length');
});

t.test('optional fields: null, empty, longest', async (t) => {
  const { client, rootDer } = await start(t);
  const check = async (fields: Parameters<NsmClient['attest']>[0]) =>
    verify(await attest(client, fields), {
      root: rootDer,
      at: Date.now(),
      nonce: null,
      userData: null,
      publicKey: null,
      ...fields,
    });
  await check({});
  await check({ userData: new Uint8Array(0), nonce: new Uint8Array(0) });
  await check({ userData: new Uint8Array(1024), nonce: new Uint8Array(1024), publicKey: new Uint8Array(1024) });
  t.equal(await ask(client.attest({ nonce: new Uint8Array(1025) })), 'nsm-error: Attestation: InputTooLarge');
  t.equal(await ask(client.attest({ publicKey: new Uint8Array(0) })), 'nsm-error: Attestation: InvalidArgument');
});

t.test('PCRs: locked, extended, described', async (t) => {
  const { client, rootDer } = await start(t);
  const description = await ask(client.describeNsm());
  t.match(description, {
    version: [1, 0, 0],
    moduleId: MODULE,
    maxPcrs: 32,
    lockedPcrs: Array.from({ length: 16 }, (_, index) => index),
  });
  t.same(await ask(client.describePcr(0)), { locked: true, data: PCRS.pcr0 });
  t.same(await ask(client.describePcr(16)), { locked: false, data: ZERO });
  const data = Buffer.from('application');
  const extended = extendPcr(ZERO, data);
  t.same(await ask(client.extendPcr(16, data)), extended);
  t.same(await ask(client.extendPcr(16, data)), extendPcr(extended, data));
  t.notOk(
    verify(await attest(client), { root: rootDer, at: Date.now() }).pcrs.has(16),
    'not in documents while it is open',
  );
  const rows: readonly (readonly [string, Promise<unknown>, unknown])[] = [
    ['extend a locked one', ask(client.extendPcr(0, data)), 'nsm-error: ExtendPCR: ReadOnlyIndex'],
    ['extend one that is not', ask(client.extendPcr(32, data)), 'nsm-error: ExtendPCR: InvalidIndex'],
    ['describe one that is not', ask(client.describePcr(32)), 'nsm-error: DescribePCR: InvalidIndex'],
    ['lock a locked one', ask(client.lockPcr(15)), 'nsm-error: LockPCR: ReadOnlyIndex'],
    ['lock', ask(client.lockPcr(16)), null],
    ['lock it again', ask(client.lockPcr(16)), 'nsm-error: LockPCR: ReadOnlyIndex'],
    ['lock a range that is locked', ask(client.lockPcrs(16)), null],
    ['lock too large a range', ask(client.lockPcrs(33)), 'nsm-error: LockPCRs: InvalidIndex'],
    ['extend what was locked', ask(client.extendPcr(16, data)), 'nsm-error: ExtendPCR: ReadOnlyIndex'],
  ];
  for (const [name, found, expected] of rows) {
    t.same(await found, expected, name);
  }
  t.same(verify(await attest(client), { root: rootDer, at: Date.now() }).pcrs.get(16), extendPcr(extended, data));
  t.same(await ask(client.lockPcrs(32)), null);
  t.equal(verify(await attest(client), { root: rootDer, at: Date.now() }).pcrs.size, 32);
});

t.test('random: 256 bytes, never the same', async (t) => {
  const { client } = await start(t);
  const [first, second] = await Promise.all([ask(client.getRandom()), ask(client.getRandom())]);
  t.equal(first.length, 256);
  t.notSame(first, second);
});

t.test('time: documents carry the NSM clock; a leaf is used until it nears its end, then replaced', async (t) => {
  let now = Date.UTC(2026, 0, 1);
  const begun = now;
  const { client, rootDer } = await start(t, { now: () => now, stateDir: join(folder, 'clock') });
  const at = async (offset: number) => {
    now = begun + offset + 0.25;
    const document = verify(await attest(client), { root: rootDer, at: now });
    t.equal(document.timestamp, begun + offset);
    return document;
  };
  const [first, same, later, nextDay, back] = [
    await at(0),
    await at(2 * HOUR),
    await at(3 * HOUR),
    await at(30 * HOUR),
    await at(-HOUR / 2),
  ];
  t.same(same.certificate, first.certificate, 'two hours: the same leaf');
  t.notSame(later.certificate, first.certificate, 'three hours: a new leaf');
  t.same(later.cabundle, first.cabundle, 'under the same CAs');
  t.notSame(nextDay.cabundle[3], first.cabundle[3], 'a day later: a new instance CA');
  t.same(nextDay.cabundle[0], first.cabundle[0], 'under the same root');
  t.ok(back, 'a clock set back gets certificates of its own time');
  const leaf = new X509Certificate(first.certificate);
  t.equal(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom), 3 * HOUR + 3000, 'three hours and three seconds');
});

t.test('the root is made once and kept for its owner alone; the socket too', async (t) => {
  const one = await start(t);
  const two = await start(t);
  t.equal(one.rootFingerprint, two.rootFingerprint);
  t.equal(statSync(join(folder, 'state', 'nsm-root.json')).mode & 0o777, 0o600);
  t.equal(statSync(one.socketPath).mode & 0o777, 0o600);
});

t.test('hostile bytes: an NSM error or the end of that connection, and others are served on', async (t) => {
  const { client, socketPath } = await start(t);
  const exchange = (bytes: Uint8Array): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(socketPath, () => socket.write(bytes));
      socket.on('error', () => resolve('closed'));
      socket.on('close', () => resolve('closed'));
      socket.once('data', (chunk: Buffer) => {
        resolve(chunk.subarray(4).toString('latin1'));
        socket.destroy();
      });
    });
  const framed = (hex: string) => Buffer.concat([Uint8Array.of(0, 0, 0, hex.length / 2), Buffer.from(hex, 'hex')]);
  t.equal(await exchange(Buffer.from('00001001', 'hex')), 'closed', 'longer than the driver takes');
  t.match(await exchange(Buffer.alloc(4)), /Error.InvalidArgument/, 'an empty request');
  t.match(await exchange(framed('ff')), /Error.InvalidArgument/, 'not CBOR');
  t.match(await exchange(framed('6441626364')), /Error.InvalidOperation/, 'an unknown command');
  t.match(await exchange(framed('a16b4465736372696265504352a0')), /Error.InvalidArgument/, 'without its index');
  t.equal((await ask(client.getRandom())).length, 256);
});
