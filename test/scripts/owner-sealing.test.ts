/** `sign`, `rotate-owner`, `reseal`, `retire`, close-and-move: with the real enclave and host proxy, cut short at every request and done again. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { commandSigningBytes, encodeCommandBody, sealCommand } from '../../enclave/link/commands.ts';
import { readPins } from '../../scripts/owner/copy.ts';
import { readMovedPins } from '../../scripts/renewer/repin.ts';
import { paymentOf, STRANGER } from '../enclave/helpers.ts';
import type { TestKey } from '../keys.ts';
import { makeKey } from '../keys.ts';
import type { Custody } from './custody-support.ts';
import { startCustody } from './custody-support.ts';
import type { Ran } from './owner-support.ts';

async function done(ran: Promise<Ran>): Promise<Record<string, never>> {
  const { code, err, json } = await ran;
  if (code !== 0) throw new Error(`${err} ${JSON.stringify(json)}`);
  return json;
}

/** A machine with a leased wallet `w`. */
async function startLeased(t: Parameters<typeof startCustody>[0]): Promise<Custody> {
  const custody = await startCustody(t);
  await done(custody.owner('create', 'w', '--policy', custody.policyFile()));
  await done(custody.owner('lease', '--once'));
  return custody;
}

/** Runs a command with its n-th request cut, for every n and both sides, then again whole. */
async function cutEverywhere(
  custody: Custody,
  argv: (round: number) => string[],
  again: (round: number) => string[],
  check: (name: string) => Promise<void>,
): Promise<number> {
  let round = 0;
  for (const when of ['before', 'after'] as const) {
    for (let index = 0; ; index++) {
      custody.cut(index, when);
      const first = await custody.owner(...argv(round));
      const wasCut = custody.line.done;
      custody.line.done = true;
      if (first.code !== 0) await done(custody.owner(...again(round)));
      await check(`cut ${when} request ${index} of ${argv(round)[0]}`);
      round += 1;
      if (!wasCut) break;
    }
  }
  return round;
}

t.test('sign shows the effects, signs the bytes, and refuses what it cannot show', async (t) => {
  const custody = await startLeased(t);
  const { agent } = readPins(custody.profile(), 'w');
  const key = Buffer.from(agent).toString('hex') as Parameters<typeof paymentOf>[0];
  const file = join(custody.folder, 'tx.b64');
  writeFileSync(file, Buffer.from(paymentOf(key, 2_000_000_000n, 1, STRANGER)).toString('base64'));
  const shown = await custody.ask('no\n', 'sign', 'w', '--transaction', file);
  t.match(shown, { code: 1, out: /send 2 SOL \(2000000000\)/ });
  t.match(shown.out, /Denied:/, 'what the policy would say is shown');
  const signed = await done(custody.owner('sign', 'w', '--transaction', file));
  t.match(signed, { signature: /^[1-9A-Za-z]{80,90}$/, transaction: /^[A-Za-z0-9+/]+=*$/ });
  writeFileSync(file, Buffer.alloc(40, 0xfe).toString('base64'));
  t.match(await custody.owner('sign', 'w', '--message', file), {
    code: 1,
    json: { error: { code: 'message-version-unsupported' } },
  });
  t.match(await done(custody.owner('sign', 'w', '--message', file, '--undecoded')), { transaction: null });
});

t.test('rotate-owner and reseal, cut at every request, end where they should', async (t) => {
  const custody = await startLeased(t);
  const owners = new Set([custody.profile().keys.owner.publicKey]);
  const isWell = async (name: string) => {
    const profile = custody.profile();
    const pins = readPins(profile, 'w');
    t.equal(Buffer.from(pins.owner).toString('hex'), profile.keys.owner.publicKey, `${name}: the owner`);
    t.equal(pins.kmsKeyArn, profile.keys.seal.arn, `${name}: the sealing key`);
    t.notOk(profile.keys.nextOwner, `${name}: finished`);
    const lease = await custody.owner('lease', '--once');
    t.match(lease.json, { outcomes: [{ result: /leased|holds/ }] }, `${name}: the witness follows`);
    owners.add(profile.keys.owner.publicKey);
  };
  const rotations = await cutEverywhere(
    custody,
    () => ['rotate-owner', '--key', 'new'],
    () => (custody.profile().keys.nextOwner === undefined ? ['rotate-owner', '--key', 'new'] : ['rotate-owner']),
    isWell,
  );
  t.equal(owners.size, rotations + 1, 'each round has its own owner');
  await cutEverywhere(
    custody,
    () => ['reseal', '--seal-key', 'new'],
    () => ['reseal'],
    isWell,
  );
  await custody.restart();
  await isWell('after a restart');
  const before = readPins(custody.profile(), 'w').agent;
  await custody.moveHost();
  await done(custody.owner('restore', 'w'));
  t.same(readPins(custody.profile(), 'w').agent, before);
  await isWell('on another host, from the owner’s copy');
});

t.test('the enclave dies in the middle of a rotation: its receipt brings the seal', async (t) => {
  const custody = await startLeased(t);
  custody.cut(2, 'after');
  const first = await custody.owner('rotate-owner', '--key', 'new');
  t.equal(first.code, 1, 'the answer to the command was lost');
  await custody.restart();
  await done(custody.owner('rotate-owner'));
  await done(custody.owner('lease', '--once'));
  t.match(await done(custody.owner('status')), { wallets: [{ wallet: 'w', phase: 'active' }] });
});

t.test('closed and moved: cut at every request, the next host has the same wallet without a charge', async (t) => {
  const custody = await startLeased(t);
  await cutEverywhere(
    custody,
    () => ['close', 'w'],
    () => ['status'],
    async (name) => {
      const { wallets } = (await done(custody.owner('status'))) as unknown as { wallets: { phase: string }[] };
      if (wallets[0]?.phase !== 'closed') await done(custody.owner('close', 'w'));
      await custody.restart();
      const lease = await custody.owner('lease', '--once');
      t.match(lease.json, { outcomes: [{ result: 'leased' }] }, `${name}: leased anew`);
      const after = (await done(custody.owner('status'))) as unknown as { wallets: { left: Record<string, string> }[] };
      t.equal(after.wallets[0]?.left['SOL'], '500000000', `${name}: the whole slice`);
    },
  );
});

t.test('restore, cut at every request', async (t) => {
  const custody = await startLeased(t);
  const { agent } = readPins(custody.profile(), 'w');
  for (const when of ['before', 'after'] as const) {
    for (let index = 0; index < 3; index++) {
      await custody.moveHost();
      custody.cut(index, when);
      const first = await custody.owner('restore', 'w');
      custody.line.done = true;
      const second = first.code === 0 ? first : await custody.owner('restore', 'w');
      const held = second.code === 0 || JSON.stringify(second.json).includes('exists');
      t.ok(held, `cut ${when} request ${index}`);
      const lease = await custody.owner('lease', '--once');
      t.match(lease.json, { outcomes: [{ result: 'leased' }] });
    }
  }
  t.same(readPins(custody.profile(), 'w').agent, agent);
});

t.test('retire is final', async (t) => {
  const custody = await startLeased(t);
  await done(custody.owner('retire', 'w'));
  await custody.restart();
  t.match((await custody.owner('lease', '--once')).json, { outcomes: [{ result: 'idle' }] });
  t.match(await custody.owner('resume', 'w'), { code: 1 });
});

t.test('a renewer follows the pinned owner’s own command and nobody else’s', (t) => {
  const [owner, next, stranger] = ['owner', 'next', 'stranger'].map(makeKey) as [TestKey, TestKey, TestKey];
  const [agent, receiptKey] = [makeKey('agent').key, makeKey('receipt').key];
  const kmsKeyArn = 'arn:aws:kms:eu-central-1:000000000000:key/a';
  const pins = { wallet: 'w', agent, receiptKey, owner: owner.key, kmsKeyArn };
  const content = { ownerPublicKey: next.key, kmsKeyArn: `${kmsKeyArn}b`, policyHash: new Uint8Array(32), version: 2 };
  const proof = (keys: readonly TestKey[], wallet = 'w', changes: object = {}) => {
    const { bytes, hash } = encodeCommandBody('owner.rotate', { ...content, ...changes });
    const binding = { wallet, boot: new Uint8Array(32), seq: 2, notAfter: 1n, command: 'owner.rotate' as const };
    const payload = { v: 1 as const, ...binding, bodyHash: hash };
    const sealed = keys.map((key) => ({ key: key.key, signature: key.sign(commandSigningBytes(payload, key.key)) }));
    return { envelope: sealCommand(payload, sealed), body: bytes };
  };
  const moved = readMovedPins(pins, proof([owner, next]));
  t.same(moved, { ...pins, owner: next.key, kmsKeyArn: `${kmsKeyArn}b` });
  t.same(readMovedPins(moved, proof([owner, next])), moved, 'again changes nothing');
  const rows: readonly (readonly [string, ReturnType<typeof proof>, string])[] = [
    ['a stranger', proof([stranger, next]), 'command-signature'],
    ['the owner without the next one', proof([owner]), 'command-signature'],
    ['another next one', proof([owner, stranger]), 'command-signature'],
    ['another wallet', proof([owner, next], 'v'), 'command-wallet'],
    ['another body', { ...proof([owner, next]), body: proof([owner, next], 'w', { version: 3 }).body }, 'command-body'],
  ];
  for (const [name, given, code] of rows) t.throws(() => readMovedPins(pins, given), { code }, name);
  t.end();
});
