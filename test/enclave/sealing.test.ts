/** Tickets, resealing, another owner, retiring: what each changes, who may, and that a crash at any receipt leaves a wallet that comes back. */

import t from 'tap';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import { commandSigningBytes, encodeCommandBody, sealCommand } from '../../enclave/link/commands.ts';
import { verifyStrict } from '../../enclave/link/ed25519.ts';
import type { CommandName } from '../../enclave/link/schema/command.ts';
import type { Seal } from '../../enclave/link/schema/seal.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { encodeSeal } from '../../enclave/seal.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { TestKey } from '../keys.ts';
import { makeKey } from '../keys.ts';
import type { SignedCommand, TestEnclave, WalletCopy } from './helpers.ts';
import {
  command,
  createStore,
  createTestWallet,
  createWorld,
  grantLease,
  paymentOf,
  readStatement,
  readStored,
  restore,
  STRANGER,
  signCommand,
  signWith,
} from './helpers.ts';

const NEXT = makeKey('next owner');

/** `owner.rotate` with the signatures of `keys`. */
function rotate(
  enclave: TestEnclave,
  { wallet, kmsKeyArn, policyHash, policyVersion, commandSeq }: Statement,
  keys: readonly TestKey[],
  next = NEXT,
): SignedCommand {
  const content = { ownerPublicKey: next.key, kmsKeyArn, policyHash, version: policyVersion + 1 };
  const { bytes, hash } = encodeCommandBody('owner.rotate', content);
  const notAfter = BigInt(Date.now() + 300_000);
  const binding = { wallet, boot: enclave.boot, seq: commandSeq + 1, notAfter };
  const payload = { v: 1 as const, ...binding, command: 'owner.rotate' as const, bodyHash: hash };
  const signatures = keys.map((key) => ({ key: key.key, signature: key.sign(commandSigningBytes(payload, key.key)) }));
  return { envelope: [...sealCommand(payload, signatures)], body: bytes };
}

function messageOf(wire: Uint8Array): Uint8Array {
  const decoded = decodeTransaction(wire);
  if (!decoded.ok) throw new Error('the test payment does not decode');
  return decoded.value.messageBytes;
}

const sendTicket = (enclave: TestEnclave, message: Uint8Array, wallet = 'w') =>
  command(enclave, wallet, 'sign', { message });

t.test('a ticket is signed in every phase but failed: exact bytes, once, charged nowhere', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const { agent } = await createTestWallet(world, enclave, 'w');
  const forbidden = messageOf(paymentOf(agent, 900_000_000n, 1, STRANGER));
  const steps: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['sealed', async () => undefined],
    ['active', () => grantLease(enclave, 'w')],
    ['paused', () => command(enclave, 'w', 'pause', {})],
    ['closed', () => command(enclave, 'w', 'close', {})],
    ['retired', () => command(enclave, 'w', 'wallet.retire', {})],
  ];
  const key = (await readStatement(enclave, 'w')).agent;
  for (const [phase, enter] of steps) {
    await enter();
    const { result, after } = await sendTicket(enclave, forbidden);
    t.match(result, { command: 'sign', phase }, phase);
    t.ok(
      verifyStrict(result.signature as Uint8Array, forbidden, key),
      `${phase}: a signature over exactly these bytes`,
    );
    const receipt = readStored(enclave.store, 'w').find(({ seq }) => seq === after?.seq);
    t.match(receipt?.body, { command: 'sign', effects: [{ kind: 'fee' }, { kind: 'transfer', amount: '900000000' }] });
  }
  const { spentInBoot } = await readStatement(enclave, 'w');
  t.same(spentInBoot, [], 'outside of the budgets');
  const garbage = new Uint8Array(99).fill(0xfe);
  const odd = await sendTicket(enclave, garbage);
  t.ok(
    verifyStrict(odd.result.signature as Uint8Array, garbage, key),
    'what cannot be decoded is the owner’s word too',
  );
  t.notOk('effects' in (readStored(enclave.store, 'w').at(-1)?.body ?? {}), 'and its receipt shows no effects');

  const { commandSeq } = await readStatement(enclave, 'w');
  const ticket = signCommand(enclave, 'w', 'sign', { message: forbidden }, { seq: commandSeq + 1 });
  await t.rejects(
    enclave.owner.request('command', { ...ticket, body: Uint8Array.from(ticket.body).fill(1, 20, 21) }),
    { code: 'command-body' },
    'other bytes',
  );
  await enclave.owner.request('command', ticket);
  await t.rejects(enclave.owner.request('command', ticket), { code: 'command-replayed' }, 'once');
  for (const role of ['renewer', 'pauser', 'approver']) {
    const signed = signCommand(enclave, 'w', 'sign', { message: forbidden }, { seq: 99, key: makeKey(role) });
    await t.rejects(enclave.owner.request('command', signed), { code: 'command-signature' }, role);
  }
});

t.test('a ticket gives the agent nothing: the same bytes are judged for it', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const { agent } = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  const wire = paymentOf(agent, 1_000n, 1, STRANGER);
  await sendTicket(enclave, messageOf(wire));
  t.match((await signWith(enclave, 'w', [wire])).result, { outcome: 'refused' });
});

t.test('reseal: another key, the same wallet, and only the new seal fits the chain', async (t) => {
  const world = await createWorld(t);
  const arn = world.createKey();
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  await signWith(enclave, 'w', [paymentOf(copy.agent, 1_000n, 1)]);
  const policyHash = copy.policy.hash;
  const before = await readStatement(enclave, 'w');
  const wrong = { kmsKeyArn: arn, policyHash, version: 3 };
  await t.rejects(command(enclave, 'w', 'reseal', wrong), { code: 'policy-version' });
  await t.rejects(command(enclave, 'w', 'reseal', { ...wrong, version: 2, policyHash: new Uint8Array(32) }), {
    code: 'policy-version',
  });
  await t.rejects(command(enclave, 'w', 'reseal', { ...wrong, version: 2, kmsKeyArn: `${arn}0` }), {
    code: 'kms-failed',
  });
  const { commandSeq } = await readStatement(enclave, 'w');
  const signed = signCommand(enclave, 'w', 'reseal', { ...wrong, version: 2 }, { seq: commandSeq + 1 });
  const { result } = await enclave.owner.request('command', signed);
  t.match(decodeCbor(result.seal as Uint8Array), { kmsKeyArn: arn, wallet: 'w' });
  const after = await readStatement(enclave, 'w');
  t.match(after, { kmsKeyArn: arn, policyVersion: 2, phase: 'active', lastLease: 1, agent: before.agent });
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1_000n, 2)])).result, { outcome: 'signed' });
  await enclave.kill();

  const second = await world.startInside();
  const moved: WalletCopy = { ...copy, seal: result.seal as Uint8Array, policyCommand: signed };
  await t.rejects(
    restore(second, { ...moved, seal: copy.seal }, enclave.store),
    { code: 'command-wallet' },
    'old seal',
  );
  await t.rejects(restore(second, copy, enclave.store), { code: 'chain-invalid' }, 'old seal and old command');
  await restore(second, moved, enclave.store);
  t.match(await readStatement(second, 'w'), { kmsKeyArn: arn, policyVersion: 2, agent: before.agent, m: 1 });
});

t.test('owner.rotate: both owners sign, the old one is nobody afterwards', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  const before = await readStatement(enclave, 'w');
  const owner = makeKey('owner');
  const rows: readonly (readonly [string, readonly TestKey[], TestKey?])[] = [
    ['the old owner alone', [owner]],
    ['the new owner alone', [NEXT]],
    ['a stranger beside both', [owner, NEXT, makeKey('stranger')]],
    ['the renewer instead of the owner', [makeKey('renewer'), NEXT]],
    ['the same key again', [owner], owner],
    ['another new key than the one it names', [owner, makeKey('stranger')]],
  ];
  for (const [name, keys, next] of rows) {
    const signed = rotate(enclave, before, keys, next ?? NEXT);
    await t.rejects(enclave.owner.request('command', signed), { code: 'command-signature' }, name);
  }
  const signed = rotate(enclave, before, [owner, NEXT]);
  const { result } = await enclave.owner.request('command', signed);
  const after = await readStatement(enclave, 'w');
  t.same(after.owner, NEXT.key);
  await t.rejects(command(enclave, 'w', 'close', {}), { code: 'command-signature' }, 'the old owner');
  t.match((await command(enclave, 'w', 'pause', {}, NEXT)).result, { phase: 'paused' });
  t.match((await command(enclave, 'w', 'resume', {}, NEXT)).result, { phase: 'active' });
  await enclave.kill();

  const second = await world.startInside();
  const moved: WalletCopy = { ...copy, seal: result.seal as Uint8Array, policyCommand: signed };
  await t.rejects(restore(second, { ...moved, seal: copy.seal }, enclave.store), { code: 'command-wallet' });
  await t.rejects(restore(second, { ...moved, policyCommand: copy.policyCommand }, enclave.store), {
    code: 'command-signature',
  });
  const forged = (decodeCbor(copy.seal) as Seal).wrappedKey;
  const mixed = { ...(decodeCbor(moved.seal) as Seal), wrappedKey: forged };
  await t.rejects(restore(second, { ...moved, seal: encodeSeal(mixed) }, enclave.store), { code: 'seal-invalid' });
  await restore(second, moved, enclave.store);
  t.same((await readStatement(second, 'w')).owner, NEXT.key);
});

t.test('a crash at any receipt of a rotation leaves a wallet that comes back', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w');
  const heads: Uint8Array[] = [enclave.store.heads.get('w') as Uint8Array];
  const stored = [enclave.store.stored('w')];
  const signed = rotate(enclave, await readStatement(enclave, 'w'), [makeKey('owner'), NEXT]);
  await enclave.owner.request('command', signed);
  heads.push(enclave.store.heads.get('w') as Uint8Array);
  stored.push(enclave.store.stored('w'));
  await enclave.kill();
  const all = enclave.store.receipts.get('w') as Uint8Array[];
  const receipt = readStored(enclave.store, 'w').at(-1)?.body as { seal?: Uint8Array } | undefined;
  const seal = receipt?.seal as Uint8Array;
  for (const [step, length] of stored.entries()) {
    const store = createStore();
    store.receipts.set('w', all.slice(0, length));
    store.heads.set('w', heads[step] as Uint8Array);
    const next = await world.startInside();
    const now = step === 0 ? copy : { ...copy, seal, policyCommand: signed };
    await restore(next, now, store);
    const owner = step === 0 ? makeKey('owner') : NEXT;
    t.match((await command(next, 'w', 'pause', {}, owner)).result, { phase: 'paused' }, `after receipt ${length}`);
    await next.kill();
  }
});

t.test('two commands that seal at once: one counts', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  await createTestWallet(world, enclave, 'w');
  const statement = await readStatement(enclave, 'w');
  const { kmsKeyArn, policyHash } = statement;
  const send = (signed: SignedCommand) => enclave.owner.request('command', signed);
  const both = await Promise.allSettled([
    send(signCommand(enclave, 'w', 'reseal', { kmsKeyArn, policyHash, version: 2 }, { seq: 2 })),
    send(rotate(enclave, { ...statement, commandSeq: 2 }, [makeKey('owner'), NEXT])),
  ]);
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  t.match(await readStatement(enclave, 'w'), { policyVersion: 2, commandSeq: 3 });
});

t.test('retired stays retired after a restart; a chain from before does not know it', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  t.match((await command(enclave, 'w', 'wallet.retire', {})).result, { phase: 'retired' });
  t.equal(readStored(enclave.store, 'w').at(-1)?.kind, 'close');
  for (const name of ['lease.grant', 'resume', 'close', 'pause'] as CommandName[]) {
    const body = name === 'lease.grant' ? undefined : {};
    if (body === undefined) await t.rejects(grantLease(enclave, 'w'), { code: 'phase-refused' }, name);
    else await t.rejects(command(enclave, 'w', name as 'resume', body), { code: 'phase-refused' }, name);
  }
  await enclave.kill();
  const second = await world.startInside();
  await restore(second, copy, enclave.store);
  t.match(await readStatement(second, 'w'), { phase: 'retired', closed: true, mClosed: true });
  await t.rejects(grantLease(second, 'w'), { code: 'phase-refused' });
  t.ok((await sendTicket(second, messageOf(paymentOf(copy.agent, 1n, 1)))).result.signature);
});
