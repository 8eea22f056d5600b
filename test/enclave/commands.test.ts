/** Owner commands: one row per way in which one can be wrong, each refused with its own code and without effect. */

import t from 'tap';
import { COMMAND_GAP } from '../../enclave/limits.ts';
import { makeKey } from '../keys.ts';
import type { World } from './helpers.ts';
import {
  blobOf,
  command,
  createTestWallet,
  createWorld,
  grantLease,
  leaseBody,
  paymentOf,
  policyBlob,
  readStatement,
  readStored,
  signCommand,
  signWith,
  stage,
} from './helpers.ts';

const NOW = () => BigInt(Date.now());

async function startWithWallet(t: Parameters<typeof createWorld>[0]): Promise<{
  world: World;
  enclave: Awaited<ReturnType<World['startInside']>>;
  copy: Awaited<ReturnType<typeof createTestWallet>>;
}> {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  return { world, enclave, copy: await createTestWallet(world, enclave, 'w') };
}

t.test('a command is bound to wallet, boot, sequence, end, body and role', async (t) => {
  const { world, enclave } = await startWithWallet(t);
  await createTestWallet(world, enclave, 'other');
  const send = (signed: ReturnType<typeof signCommand>) => enclave.owner.request('command', signed);
  const pause = (options: Parameters<typeof signCommand>[4], wallet = 'w') =>
    signCommand(enclave, wallet, 'pause', {}, options);
  const rows: readonly (readonly [name: string, signed: ReturnType<typeof signCommand>, code: string])[] = [
    ['sequence number of the last command', pause({ seq: 1 }), 'command-replayed'],
    ['sequence number zero', pause({ seq: 0 }), 'command-replayed'],
    ['another boot', pause({ seq: 9, boot: new Uint8Array(32) }), 'command-boot'],
    ['expired', pause({ seq: 9, notAfter: NOW() - 1n }), 'command-expired'],
    ['ends too far ahead', pause({ seq: 9, notAfter: NOW() + 90_000_000n }), 'command-expired'],
    ['the largest end', pause({ seq: 9, notAfter: 2n ** 64n - 1n }), 'command-expired'],
    ['a wallet nobody has', pause({ seq: 9 }, 'nobody'), 'wallet-unknown'],
    ['a stranger’s key', pause({ seq: 9, key: makeKey('stranger') }), 'command-signature'],
    ['the renewer’s key', pause({ seq: 9, key: makeKey('renewer') }), 'command-signature'],
    ['another body', { ...pause({ seq: 9 }), body: Uint8Array.of(0xa1, 0x61, 0x61, 0x01) }, 'command-body'],
    ['a body that does not fit', pause({ seq: 9, bodyHash: blobOf(Uint8Array.of(0xf6)).hash }), 'command-body'],
    [
      'resume by the pauser',
      signCommand(enclave, 'w', 'resume', {}, { seq: 9, key: makeKey('pauser') }),
      'command-signature',
    ],
    [
      'close by the approver',
      signCommand(enclave, 'w', 'close', {}, { seq: 9, key: makeKey('approver') }),
      'command-signature',
    ],
  ];
  for (const [name, signed, code] of rows) await t.rejects(send(signed), { code }, `${name}: ${code}`);

  const spoiled = pause({ seq: 9 });
  const bytes = Uint8Array.from(spoiled.envelope[0] as Uint8Array);
  for (let at = 0; at < bytes.length; at += 7) {
    const flipped = Uint8Array.from(bytes);
    flipped[at] = (flipped[at] as number) ^ 0x10;
    await t.rejects(send({ ...spoiled, envelope: [flipped] }), `a flipped bit at byte ${at} is refused`);
  }
  const statement = await readStatement(enclave, 'w');
  t.match(statement, { phase: 'sealed', commandSeq: 1 }, 'none of it left a trace');

  const good = pause({ seq: 9 });
  t.match((await send(good)).result, { command: 'pause', phase: 'paused' });
  await t.rejects(send(good), { code: 'command-replayed' }, 'the same command again');
  await t.rejects(send(pause({ seq: 5 })), { code: 'command-replayed' }, 'an earlier one after a later one');
  await t.rejects(send(signCommand(enclave, 'other', 'pause', {}, { seq: 1 })), { code: 'command-replayed' });
});

t.test('a command that its phase refuses is used up', async (t) => {
  const { enclave } = await startWithWallet(t);
  const early = signCommand(
    enclave,
    'w',
    'approve',
    { approvalId: 'ab'.repeat(16), effectsHash: new Uint8Array(32), notAfter: NOW() + 1000n },
    { seq: 2 },
  );
  await t.rejects(enclave.owner.request('command', early), { code: 'phase-refused' });
  await t.rejects(
    enclave.owner.request('command', early),
    { code: 'command-replayed' },
    'the host cannot keep it for later',
  );
});

t.test('a role that skips far ahead does not use up the sequence numbers of the owner', async (t) => {
  const { enclave } = await startWithWallet(t);
  const id = { approvalId: 'ab'.repeat(16), effectsHash: new Uint8Array(32) };
  const deny = (seq: number) => signCommand(enclave, 'w', 'deny', id, { seq, key: makeKey('approver') });
  for (const seq of [0xffffffff, COMMAND_GAP + 2])
    await t.rejects(enclave.owner.request('command', deny(seq)), { code: 'command-malformed' }, `${seq}`);
  t.match(await readStatement(enclave, 'w'), { commandSeq: 1 }, 'nothing was used up');
  await t.rejects(enclave.owner.request('command', deny(COMMAND_GAP + 1)), { code: 'approval-unknown' }, 'a gap');
  await command(enclave, 'w', 'pause', {});
  t.match(await readStatement(enclave, 'w'), { phase: 'paused' }, 'and the owner is heard');
});

t.test('wallet.create', async (t) => {
  const { world, enclave } = await startWithWallet(t);
  const policy = policyBlob();
  await stage(enclave, policy);
  const body = {
    wallet: 'new',
    ownerPublicKey: makeKey('owner').key,
    kmsKeyArn: world.kmsKeyArn,
    policyHash: policy.hash,
  };
  const send = (changes: object, options: object = {}) =>
    enclave.owner.request(
      'command',
      signCommand(enclave, 'new', 'wallet.create', { ...body, ...changes }, { seq: 1, ...options }),
    );
  await t.rejects(send({ wallet: 'w' }), { code: 'command-wallet' }, 'payload and body name different wallets');
  await t.rejects(
    send({}, { key: makeKey('stranger') }),
    { code: 'command-signature' },
    'signed by another key than the owner it names',
  );
  await t.rejects(send({ wallet: 'w' }, { wallet: 'w' }), { code: 'wallet-exists' });
  await t.rejects(send({ policyHash: new Uint8Array(32) }), { code: 'blob-refused' }, 'a policy that was not staged');
  const bad = blobOf(Buffer.from('{"format":"reeve/policy/v1"}'));
  await stage(enclave, bad);
  await t.rejects(send({ policyHash: bad.hash }), { code: 'policy-invalid' });
  const noKey = world.kmsKeyArn.replace(/key\/.*/, 'key/00000000-0000-0000-0000-000000000000');
  await t.rejects(send({ kmsKeyArn: noKey }), { code: 'kms-failed' }, 'a key that KMS does not have');
  await t.rejects(send({ kmsKeyArn: world.kmsKeyArn.replace('arn:aws:', 'arn:aws-iso:') }), { code: 'kms-untrusted' });
  await t.rejects(
    send({ kmsKeyArn: world.kmsKeyArn.replace('eu-central-1', 'eu-west-1') }),
    { code: 'kms-untrusted' },
    'the certificate is for another region',
  );
  await t.rejects(readStatement(enclave, 'new'), { code: 'wallet-unknown' }, 'nothing is left of the failures');
  const made = await Promise.allSettled([send({}), send({})]);
  t.same(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected'], 'two at once: one wallet');
});

t.test('leases', async (t) => {
  const { enclave } = await startWithWallet(t);
  const statement = await readStatement(enclave, 'w');
  const rows: readonly (readonly [string, Parameters<typeof leaseBody>[1], RegExp])[] = [
    ['another policy', { policyHash: new Uint8Array(32) }, /lease-other-policy/],
    ['number zero', { number: 0 }, /lease-number-old/],
    ['ended', { until: NOW() - 1n }, /lease-ended/],
    ['too long', { until: NOW() + 3_700_000n }, /lease-too-long/],
    ['the largest end', { until: 2n ** 64n - 1n }, /lease-too-long/],
    ['over the slice', { ceiling: [{ asset: 'SOL', amount: 1_000_001n }] }, /lease-ceiling-too-high/],
    [
      'an asset twice over the slice',
      {
        ceiling: [
          { asset: 'SOL', amount: 900_000n },
          { asset: 'SOL', amount: 900_000n },
        ],
      },
      /ceiling-too-high/,
    ],
  ];
  for (const [name, changes, message] of rows) {
    await t.rejects(
      command(enclave, 'w', 'lease.grant', leaseBody(statement, changes)),
      { code: 'lease-refused', message },
      name,
    );
  }
  t.match(await readStatement(enclave, 'w'), { phase: 'sealed', lastLease: 0 });
  await command(enclave, 'w', 'lease.grant', leaseBody(statement), makeKey('renewer'));
  t.match(await readStatement(enclave, 'w'), { phase: 'active', lastLease: 1 });
  await t.rejects(
    command(enclave, 'w', 'lease.grant', leaseBody(statement)),
    { code: 'lease-refused' },
    'the same number again',
  );
});

t.test('the charges of a boot’s first lease count in the windows; those of later leases do not', async (t) => {
  const { enclave, copy } = await startWithWallet(t);
  const charges = [{ asset: 'SOL', amount: 990_000n, until: NOW() + 1000n }];
  await grantLease(enclave, 'w', { charges });
  const over = await signWith(enclave, 'w', [paymentOf(copy.agent, 9_000n, 1)]);
  t.match(over.result, { outcome: 'refused', violations: [{ code: 'window-exceeded', remaining: '10000' }] });
  await grantLease(enclave, 'w', { charges });
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1_000n, 2)])).result, { outcome: 'signed' });
});

t.test('policy.set: version by one, budgets stay, the old lease ends, the next comes along', async (t) => {
  const { enclave, copy } = await startWithWallet(t);
  await grantLease(enclave, 'w');
  await signWith(enclave, 'w', [paymentOf(copy.agent, 100_000n, 1)]);
  const next = policyBlob({ memo: { maxBytes: 10 } });
  await stage(enclave, next);
  await t.rejects(command(enclave, 'w', 'policy.set', { policyHash: next.hash, version: 3 }), {
    code: 'policy-version',
  });
  const wrong = leaseBody(await readStatement(enclave, 'w'));
  await t.rejects(command(enclave, 'w', 'policy.set', { policyHash: next.hash, version: 2, ...wrong }), {
    code: 'lease-refused',
  });
  t.match(
    await readStatement(enclave, 'w'),
    { policyVersion: 1, phase: 'active' },
    'a lease for the old policy: nothing is set',
  );
  t.match((await command(enclave, 'w', 'policy.set', { policyHash: next.hash, version: 2 })).result, {
    phase: 'sealed',
  });
  await t.rejects(
    signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 2)]),
    { code: 'phase-refused' },
    'no lease, no signature',
  );

  const third = policyBlob({ memo: { maxBytes: 11 } });
  await stage(enclave, third);
  const { lease } = leaseBody(await readStatement(enclave, 'w'), { policyHash: third.hash });
  const set = await command(enclave, 'w', 'policy.set', { policyHash: third.hash, version: 3, lease });
  t.match(set.result, { phase: 'active' });
  const { result } = await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 3)]);
  if (result.outcome !== 'signed') throw new Error(result.outcome);
  t.equal(result.budget.assets[0]?.windows[0]?.spent, String(105_000 + 5_001), 'the budget of the first policy');
});

t.test('deny, and approvals under a policy that is replaced', async (t) => {
  const { enclave, copy } = await startWithWallet(t);
  await grantLease(enclave, 'w');
  const ask = async (lamports: bigint) => {
    const { result } = await signWith(enclave, 'w', [paymentOf(copy.agent, lamports, 1)]);
    if (result.outcome !== 'needs-approval') throw new Error(result.outcome);
    return result.approval;
  };
  const first = await ask(600_000n);
  const other = { approvalId: first.id, effectsHash: new Uint8Array(32) };
  await t.rejects(command(enclave, 'w', 'deny', other), { code: 'effects-mismatch' });
  await command(enclave, 'w', 'deny', { approvalId: first.id, effectsHash: first.effectsHash }, makeKey('approver'));
  const read = await enclave.agent.request('approval.read', { wallet: 'w', stored: 0, approvalId: first.id });
  t.equal(read.result.state, 'denied');
  const second = await ask(700_000n);
  const notAfter = NOW() + 60_000n;
  await command(enclave, 'w', 'approve', { approvalId: second.id, effectsHash: second.effectsHash, notAfter });
  const next = policyBlob({ memo: { maxBytes: 10 } });
  await stage(enclave, next);
  const { lease } = leaseBody(await readStatement(enclave, 'w'), { policyHash: next.hash });
  await command(enclave, 'w', 'policy.set', { policyHash: next.hash, version: 2, lease });
  t.equal((await ask(700_000n)).state, 'pending', 'the approval under the old policy is void');
  const listed = await enclave.owner.request('approvals.list', { wallet: 'w' });
  t.same(
    listed.result.approvals.map(({ state }) => state),
    ['denied', 'expired', 'pending'],
  );
});

t.test('close ends a wallet; boot.close ends several, and nothing is signed after', async (t) => {
  const { world, enclave, copy } = await startWithWallet(t);
  await createTestWallet(world, enclave, 'v');
  await grantLease(enclave, 'w');
  await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1)]);
  const closed = await command(enclave, 'w', 'close', {});
  t.match(closed.result, { phase: 'closed' });
  const last = readStored(enclave.store, 'w').at(-1);
  t.match(last, {
    kind: 'close',
    seq: closed.after?.seq,
    body: {
      spentInBoot: [
        { asset: 'SOL', amount: 5_001n },
        { asset: 'signatures', amount: 1n },
      ],
    },
  });
  await t.rejects(
    signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1)]),
    { code: 'phase-refused' },
    'not even the same bytes',
  );
  await t.rejects(grantLease(enclave, 'w'), { code: 'phase-refused' });
  await t.rejects(enclave.owner.request('boot.close', { wallets: ['v', 'nobody'] }), { code: 'wallet-unknown' });
  t.match(await readStatement(enclave, 'v'), { phase: 'sealed' }, 'all or none');
  await enclave.owner.request('boot.close', { wallets: ['v', 'w'] });
  t.match(await readStatement(enclave, 'v'), { phase: 'closed', closed: true });
  t.equal(readStored(enclave.store, 'v').at(-1)?.kind, 'close');
  t.equal(readStored(enclave.store, 'w').filter(({ kind }) => kind === 'close').length, 1, 'closed once');
});
