/** Messages that are no transaction, through the running enclave: signed once, counted, on record; anything else refused. */
import t from 'tap';
import { verifyStrict } from '../../enclave/link/ed25519.ts';
import { pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import { encodeOffchainMessage } from '../../policy/offchain-message.ts';
import { testKey } from '../policy/messages.ts';
import { command, createTestWallet, createWorld, grantLease, policyBlob, readStatement } from './helpers.ts';

const SITE = testKey(0x44);
const messages = {
  offchain: { applicationDomains: [pubkeyToBase58(SITE)], maxBytes: 100 },
  signIn: { domains: ['jup.ag'] },
};

async function startLeased(t: Parameters<typeof createWorld>[0]) {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const { agent } = await createTestWallet(world, enclave, 'w', policyBlob({ messages }));
  await grantLease(enclave, 'w');
  const ask = async (fields: object) =>
    (await enclave.agent.request('message.sign', { wallet: 'w', stored: enclave.store.stored('w'), ...fields })).result;
  const wrapped = encodeOffchainMessage({ applicationDomain: SITE, format: 0, signers: [agent], text: 'hello' });
  return { enclave, agent, ask, wrapped };
}

t.test('wrapped messages and sign-in texts', async (t) => {
  const { enclave, agent, ask, wrapped } = await startLeased(t);
  const key = pubkeyToBytes(agent);
  const first = await ask({ message: wrapped });
  if (first.outcome !== 'signed') throw new Error(JSON.stringify(first));
  t.same(new Uint8Array(first.message), wrapped);
  t.ok(verifyStrict(first.signature, wrapped, key));
  t.match(first, { charges: { signatures: '1' }, repeated: false });
  const again = await ask({ message: wrapped });
  t.match(again, { outcome: 'signed', charges: {}, repeated: true, signature: first.signature });

  const signIn = await ask({ signIn: { domain: 'jup.ag', statement: 'Welcome.', nonce: 'abcdefgh' } });
  if (signIn.outcome !== 'signed') throw new Error(JSON.stringify(signIn));
  const text = Buffer.from(signIn.message).toString();
  t.match(
    text,
    `jup.ag wants you to sign in with your Solana account:\n${pubkeyToBase58(agent)}\n\nWelcome.\n\nVersion: 1\n`,
  );
  t.ok(verifyStrict(signIn.signature, signIn.message, key));
  t.match((await readStatement(enclave, 'w')).spentInBoot, [{ asset: 'signatures', amount: 2n }], 'two signatures');
});

t.test('anything else is refused, and on record', async (t) => {
  const { enclave, ask, wrapped } = await startLeased(t);
  const rows: readonly [name: string, fields: object, code: string][] = [
    ['raw bytes', { message: Buffer.from('log in') }, 'message-not-wrapped'],
    ['both forms', { message: wrapped, signIn: { domain: 'jup.ag' } }, 'message-not-wrapped'],
    ['neither', {}, 'message-not-wrapped'],
    ['another site', { signIn: { domain: 'evil.com' } }, 'sign-in-domain-not-allowed'],
  ];
  for (const [name, fields, code] of rows)
    t.match(await ask(fields), { outcome: 'refused', violations: [{ code }] }, name);
  t.same((await readStatement(enclave, 'w')).spentInBoot, []);
  await command(enclave, 'w', 'pause', {});
  await t.rejects(ask({ message: wrapped }), { code: 'phase-refused' });
});
