/** What a host can configure, and what it cannot: its own KMS, roots, credentials, kind of NSM. None of it reaches the unseal. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseDocument } from '../../attestation/document.ts';
import { createLog } from '../../enclave/log.ts';
import { startEnclave } from '../../enclave/start.ts';
import type { Interferer } from '../../scripts/dev/kms/interference.ts';
import { devCredentials, startDevKms } from '../../scripts/dev/kms/server.ts';
import { createTestWallet, createWorld, readStatement, restore } from './helpers.ts';

t.test('a KMS of the host’s own, by address or by name, is not believed', async (t) => {
  const world = await createWorld(t);
  const first = await world.startInside();
  const copy = await createTestWallet(world, first, 'w');
  await first.kill();
  const rogue = await startDevKms({
    port: 0,
    stateDir: join(world.folder, 'rogue'),
    nsmRootDer: new Uint8Array(8),
    log: () => undefined,
  });
  t.teardown(() => rogue.close());
  const enclave = await world.startInside();
  const honest = world.relayPort;
  world.relayPort = rogue.port;
  await t.rejects(restore(enclave, copy, first.store), { code: 'kms-untrusted' }, 'the right name, another authority');
  await t.rejects(createTestWallet(world, enclave, 'v'), { code: 'kms-untrusted' });
  world.relayPort = honest;
  const own = { ...devCredentials, accessKeyId: 'AKIAHOSTILE' };
  await enclave.owner.request('credentials.set', own);
  await t.rejects(restore(enclave, copy, first.store), { code: 'kms-denied' }, 'credentials that KMS does not know');
  await t.rejects(
    enclave.owner.request('credentials.set', { ...devCredentials, endpoint: 'https://kms.host' } as never),
    { code: 'request-malformed' },
    'an endpoint is not among what can be set',
  );
  await enclave.owner.request('credentials.set', devCredentials);
  t.match((await restore(enclave, copy, first.store)).result, { phase: 'sealed' });
  t.same(
    new Set(world.relayed),
    new Set(['CONNECT kms.eu-central-1.amazonaws.com:443']),
    'no other name was asked for',
  );
});

t.test('a forged envelope of the right form, from a KMS that TLS vouches for, opens no seal', async (t) => {
  const interferer: Interferer = { kind: null };
  const world = await createWorld(t, { interferer });
  const first = await world.startInside();
  const copy = await createTestWallet(world, first, 'w');
  await first.kill();
  const enclave = await world.startInside();
  interferer.kind = 'forged-envelope';
  await t.rejects(restore(enclave, copy, first.store), { code: 'seal-invalid' }, 'a data key of the forger’s');
  interferer.kind = 'short-envelope';
  await t.rejects(restore(enclave, copy, first.store), { code: 'kms-envelope' }, 'a data key of another length');
  interferer.kind = null;
  t.match((await restore(enclave, copy, first.store)).result, { phase: 'sealed' });
});

t.test('the trust file is read once and whole', async (t) => {
  const world = await createWorld(t);
  const file = join(world.folder, 'trust');
  const at = (name: string) => join(world.folder, `${name}.sock`);
  const paths = { trust: file, agent: at('a'), owner: at('o'), nsm: at('nsm'), kms: at('kms') };
  const pem = { name: 'own', pem: world.kms.caPem };
  const base = { mode: 'development', nsm: 'simulated', clockSource: 'any', refuseDebug: true, kmsRoots: [pem] };
  const production = { ...base, mode: 'production', nsm: 'nitro', clockSource: 'kvm-clock' };
  const rows: readonly (readonly [string, object])[] = [
    ['a production image with a simulated NSM', { ...production, nsm: 'simulated' }],
    ['a production image with a root of the host’s', production],
    ['a production image without roots', { ...production, kmsRoots: [] }],
    ['a production image that takes debug boots', { ...production, refuseDebug: false }],
    ['another clock source', { ...production, clockSource: 'any' }],
    ['an endpoint', { ...base, kmsEndpoint: 'https://kms.host' }],
    ['an unknown kind of NSM', { ...base, nsm: 'none' }],
    ['an unknown mode', { ...base, mode: 'test' }],
  ];
  for (const [name, trust] of rows) {
    writeFileSync(file, JSON.stringify(trust));
    const log = createLog(() => undefined);
    await t.rejects(startEnclave(paths, log), { code: 'startup-refused' }, name);
  }
});

t.test('a statement’s document never carries a public key', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  await createTestWallet(world, enclave, 'w');
  for (const wallets of [[], ['w']]) {
    const { result } = await enclave.owner.request('attest', { nonce: new Uint8Array(32).fill(7), wallets });
    const parsed = parseDocument(result.document);
    t.ok(parsed.ok && parsed.value.document.publicKey === null);
  }
  await t.rejects(
    enclave.owner.request('attest', {
      nonce: new Uint8Array(32),
      wallets: [],
      publicKey: new Uint8Array(294),
    } as never),
    { code: 'request-malformed' },
  );
  t.match(await readStatement(enclave, 'w'), { mode: 'development' });
});
