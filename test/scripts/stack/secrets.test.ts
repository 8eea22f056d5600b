/** After a full tour no seed and no data key is in any file, log, answer, command line or environment. */

import { createDecipheriv, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeCbor, encodeCbor } from '../../../enclave/link/cbor.ts';
import { pkcs8FromSeed } from '../../../enclave/link/ed25519.ts';
import type { Seal } from '../../../enclave/link/schema/seal.ts';
import { decryptBlob } from '../../../scripts/dev/kms/blob.ts';
import { openKeyStore } from '../../../scripts/dev/kms/store.ts';
import { callAgent } from '../../../scripts/stack/agent.ts';
import { CONTROL_STEPS } from '../../../scripts/stack/tour/control.ts';
import { PAYMENT_STEPS } from '../../../scripts/stack/tour/payments.ts';
import type { Tour } from '../../../scripts/stack/tour/tour.ts';
import { storeFolder } from '../../../scripts/stack/tour/tour.ts';
import type { Place, Secret } from './search.ts';
import { findSecrets, readProcess, readTree } from './search.ts';
import { openTour, socketOf } from './support.ts';

t.setTimeout(90_000);

/** Opens a wallet's seal as nobody outside the enclave can: with the development KMS's own key file. */
function openSealFromOutside({ stack }: Tour, seal: Seal): { dataKey: Uint8Array; seeds: Uint8Array } {
  const key = openKeyStore(stack.layout.aws, 'eu-central-1', Date.now).find(seal.kmsKeyArn);
  const owner = Buffer.from(seal.owner).toString('hex');
  const context = { 'reeve:wallet': seal.wallet, 'reeve:owner': owner, 'reeve:purpose': 'agent-key' };
  const dataKey = decryptBlob(key, seal.wrappedKey, new Map(Object.entries(context)));
  const { wallet, agent, receiptKey, kmsKeyArn } = seal;
  const facts = { purpose: 'reeve/seal/v1', wallet, owner: seal.owner, agent, receiptKey, kmsKeyArn };
  const decipher = createDecipheriv('aes-256-gcm', dataKey, seal.nonce).setAAD(encodeCbor(facts));
  decipher.setAuthTag(seal.sealed.subarray(64));
  const seeds = Buffer.concat([decipher.update(seal.sealed.subarray(0, 64)), decipher.final()]);
  return { dataKey, seeds };
}

function derivePublic(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: pkcs8FromSeed(seed), format: 'der', type: 'pkcs8' });
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
}

/** Every route an agent can read. */
async function readAnswers(tour: Tour): Promise<Place[]> {
  const paths = ['/v1/wallet', '/v1/policy', '/v1/budget', '/v1/health', '/openapi.json', '/v1/transfers/coffee'];
  const attestation = `/v1/attestation?nonce=${'ab'.repeat(32)}`;
  const answers = await Promise.all(
    [...paths, attestation].map((path) => callAgent(socketOf(tour), 'GET', path).then(({ body }) => ({ path, body }))),
  );
  return answers.map(({ path, body }) => ({ name: path, bytes: Buffer.from(JSON.stringify(body)) }));
}

t.test('a full tour leaves no secret outside the enclave', async (t) => {
  const tour = await openTour(t);
  const { layout, parts } = tour.stack;
  const said: Place[] = [];
  for (const { text, run } of [...PAYMENT_STEPS, ...CONTROL_STEPS]) {
    const facts = await run(tour);
    said.push({ name: text, bytes: Buffer.from(facts) });
    said.push(...[...parts].flatMap(([name, { process: child }]) => readProcess(name, child.pid ?? 0)));
  }
  t.equal(
    said.filter(({ name }) => name.endsWith('environ')).length,
    parts.size * (PAYMENT_STEPS.length + CONTROL_STEPS.length),
  );
  for (const [name, { process: child }] of parts) {
    const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
    t.match(limits, /^Max core file size +0 +0 /m, `${name} leaves no core dump`);
    t.equal(readFileSync(`/proc/${child.pid}/environ`, 'utf8'), '', `${name} has no environment`);
  }

  const seal = decodeCbor(readFileSync(join(storeFolder(tour), 'seal.cbor'))) as unknown as Seal;
  const { dataKey, seeds } = openSealFromOutside(tour, seal);
  const [agentSeed, receiptSeed] = [seeds.subarray(0, 32), seeds.subarray(32)];
  t.ok(Buffer.from(seal.agent).equals(derivePublic(agentSeed)), 'the seed found is the agent’s');
  t.ok(Buffer.from(seal.receiptKey).equals(derivePublic(receiptSeed)), 'and the other the receipt key’s');
  const secrets: Secret[] = [
    { name: 'agent seed', bytes: agentSeed },
    { name: 'receipt seed', bytes: receiptSeed },
    { name: 'data key', bytes: dataKey },
  ];
  const companions = [seal.agent, seal.receiptKey];

  const kmsKeys = join(layout.aws, 'kms.json');
  const files = readTree(layout.root, [kmsKeys]);
  for (const name of ['enclave.log', 'host-proxy.log', 'seal.cbor', 'witness.json', '.seg'])
    t.ok(
      files.some((file) => file.name.endsWith(name) && file.bytes.length > 0),
      `${name} is searched`,
    );
  const places = [...files, ...said, ...(await readAnswers(tour))];
  t.strictSame(findSecrets(secrets, places, companions), [], `${places.length} places`);

  await t.test('the search finds what is planted, in every form', (t) => {
    const bytes = Buffer.from(agentSeed);
    const forms: [string, string | Uint8Array][] = [
      ['raw', Buffer.concat([Buffer.from('xx'), bytes, Buffer.from('yy')])],
      ['hex', `key=${bytes.toString('hex')};`],
      ['upper-case hex', bytes.toString('hex').toUpperCase()],
      ['numbers', JSON.stringify([...bytes, ...seal.agent])],
      ...[0, 1, 2].map((before): [string, string] => [
        `base64 after ${before} bytes`,
        Buffer.concat([Buffer.alloc(before, 'k'), bytes, Buffer.from('tail')]).toString('base64'),
      ]),
      ['base64 for URLs', Buffer.concat([bytes, seal.agent]).toString('base64url')],
    ];
    for (const [form, planted] of forms) {
      const file = join(layout.logs, 'planted');
      writeFileSync(file, planted);
      t.strictSame(findSecrets(secrets, readTree(layout.root, [kmsKeys]), companions), [`agent seed in ${file}`], form);
    }
    t.end();
  });
});
