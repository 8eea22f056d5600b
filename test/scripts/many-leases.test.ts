/** A whole enclave's wallets leased in one pass: the enclave is a process of its own, KMS is asked over its own protocol. */

import { join } from 'node:path';
import t from 'tap';
import { fingerprint } from '../../attestation/certificate.ts';
import { WALLETS_PER_ATTESTATION } from '../../enclave/link/limits.ts';
import { pubkeyFromBytes, pubkeyToBase58 } from '../../policy/keys.ts';
import type { Admin } from '../../scripts/cli/admin.ts';
import { devCredentials } from '../../scripts/dev/kms/server.ts';
import { loadNsmRoot } from '../../scripts/dev/nsm-chain.ts';
import { attestGroups } from '../../scripts/owner/attest.ts';
import { pinsToJson } from '../../scripts/owner/copy.ts';
import type { Kms } from '../../scripts/owner/kms.ts';
import { openKms } from '../../scripts/owner/kms.ts';
import type { ProfileData } from '../../scripts/owner/profile.ts';
import type { Keeper } from '../../scripts/renewer/keeper.ts';
import { createLocalKeeper } from '../../scripts/renewer/local-keeper.ts';
import { openWitnessStore } from '../../scripts/renewer/store.ts';
import { bringCrowd } from '../enclave/crowd.ts';
import type { TestEnclave, World } from '../enclave/helpers.ts';
import { createWorld, paymentOf, policyBlob, signWith } from '../enclave/helpers.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** 1,000 at full scale: 15 full attestations and a part. Below, a full one and a part. */
const WALLETS = Math.max(70, Math.round(1_000 * SCALE));
const GROUPS = Math.ceil(WALLETS / WALLETS_PER_ATTESTATION);
const USDC = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGkZwyTDt1v';
const PCR = '07'.repeat(48);

interface Counts {
  documents: number;
  kms: number;
}

/** The host's admin socket without the host: straight to the owner plane, where frames have their limit. */
function adminOf({ owner, boot }: TestEnclave, names: readonly string[], counts: Counts): Admin {
  return {
    hello: async () => ({ boot, image: '', mode: '', wallets: names.map((wallet) => ({ wallet, phase: '' })) }),
    async attest(nonce: Uint8Array, wallets: string[]) {
      counts.documents += 1;
      return (await owner.request('attest', { nonce, wallets })).result;
    },
    send: async ({ envelope, body }: { envelope: Uint8Array[]; body: Uint8Array }) =>
      (await owner.request('command', { envelope, body })).result,
    close: () => undefined,
  } as unknown as Admin;
}

/** Every call to KMS counts, whatever it asks. */
function countCalls(kms: Kms, counts: Counts): Kms {
  const counted = Object.entries(kms).map(([name, call]) => {
    const count = (...words: never[]): unknown => {
      if (name !== 'close') counts.kms += 1;
      return (call as (...words: never[]) => unknown)(...words);
    };
    return [name, count];
  });
  return Object.fromEntries(counted) as Kms;
}

async function openRenewer(world: World, enclave: TestEnclave, names: readonly string[], folder: string) {
  const counts: Counts = { documents: 0, kms: 0 };
  const settings = {
    region: world.kms.region,
    endpoint: world.kms.endpoint,
    caFile: join(world.folder, 'nsm', 'kms-ca.pem'),
  };
  const kms = openKms({ ...settings, credentials: devCredentials });
  const arn = await kms.createKey('signing', 'renew');
  const publicKey = await kms.readPublicKey(arn);
  const hex = Buffer.from(publicKey).toString('hex');
  const policy = policyBlob({
    assets: {
      SOL: { windows: [{ seconds: 86_400, max: '1000000' }] },
      USDC: { mint: USDC, decimals: 6, tokenProgram: 'token', windows: [{ seconds: 86_400, max: '1000000' }] },
      signatures: { windows: [{ seconds: 3_600, max: '1000' }] },
    },
    keys: { renew: [pubkeyToBase58(pubkeyFromBytes(publicKey))], pause: [], approve: [] },
    lease: { maxSeconds: 3_600, slice: { SOL: '500000', USDC: '500000', signatures: '1000' } },
  });
  const root = fingerprint(loadNsmRoot(join(world.folder, 'nsm')).certificate);
  const profile = {
    mode: 'development',
    nsmRoot: root,
    images: [{ name: 'test', pcr0: PCR, pcr1: PCR, pcr2: PCR }],
    keys: { owner: { arn: `${arn}0`, publicKey: '00'.repeat(32) }, renew: { arn, publicKey: hex } },
  } as unknown as ProfileData;
  const store = openWitnessStore(folder);
  const keeper = createLocalKeeper({
    profile,
    store,
    kms: countCalls(kms, counts),
    admin: adminOf(enclave, names, counts),
  });
  return { keeper, counts, policy, store, profile };
}

const tally = (outcomes: Awaited<ReturnType<Keeper['renew']>>) => {
  const results = new Map<string, number>();
  for (const { result, code = '' } of outcomes) {
    const name = `${result} ${code}`.trim();
    results.set(name, (results.get(name) ?? 0) + 1);
  }
  return Object.fromEntries(results);
};

t.test(`${WALLETS} wallets leased with ${GROUPS} attestation documents and ${GROUPS} calls to KMS`, async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startProcess();
  const names = Array.from({ length: WALLETS }, (_, index) => `agent-${String(index).padStart(4, '0')}`);
  const { keeper, counts, policy, store, profile } = await openRenewer(world, enclave, names, t.testdir());
  t.teardown(() => keeper.close());
  const pins = await bringCrowd(world, enclave, names, policy);
  for (const each of pins) await keeper.enroll(pinsToJson(each), policy.bytes, true);

  Object.assign(counts, { documents: 0, kms: 0 });
  t.same(tally(await keeper.renew(null)), { leased: WALLETS });
  t.same(counts, { documents: GROUPS, kms: GROUPS });
  t.ok(
    names.every((name) => store.read(name).witness.lastNumber === 1),
    'each lease in its own witness',
  );

  Object.assign(counts, { documents: 0, kms: 0 });
  t.same(tally(await keeper.renew(null)), { holds: WALLETS }, 'each was taken');
  t.same(counts, { documents: GROUPS, kms: 0 }, 'nothing is signed where nothing is due');

  const paid = pins[WALLETS - 1];
  const payment = paymentOf(pubkeyFromBytes(paid?.agent as Uint8Array), 300_000n, 1);
  t.match((await signWith(enclave, paid?.wallet as string, [payment])).result, { outcome: 'signed' });
  t.same(tally(await keeper.renew(null)), { holds: WALLETS - 1, leased: 1 }, 'half a slice gone: due alone');
  t.equal(counts.kms, 1);

  const narrow = adminOf({ ...enclave, owner: enclave.agent as never }, names, counts);
  const asked = names.slice(0, WALLETS_PER_ATTESTATION);
  const stated: string[] = [];
  counts.documents = 0;
  for await (const group of attestGroups(narrow, profile, asked)) {
    stated.push(...group.map((each) => ('statement' in each ? each.statement.wallet : 'none')));
  }
  t.same(stated, asked, 'where a frame holds fewer, more documents, and nobody is left out');
  t.ok(counts.documents > 1 && counts.documents < 10, `${counts.documents} documents`);
});
