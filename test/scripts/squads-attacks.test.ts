/** The known attacks on a Squads multisig with an agent, on the audited program: each works there, and our rule stops it. */

import type { KeyPairSigner } from '@solana/kit';
import { generateKeyPairSigner } from '@solana/kit';
import t from 'tap';
import { decodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { transferSol } from '../../host-proxy/transactions/instructions.ts';
import { compileVaultMessage } from '../../host-proxy/transactions/message.ts';
import { canonicalizePolicy } from '../../policy/canonical.ts';
import { parsePolicy } from '../../policy/compile.ts';
import { pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import { deriveSpendingLimit } from '../../policy/programs/squads-addresses.ts';
import type { ConfigAction } from '../../policy/programs/squads-config.ts';
import type { InnerMessage } from '../../policy/programs/squads-message.ts';
import { decodeInnerMessage, encodeInnerMessage } from '../../policy/programs/squads-message.ts';
import type { Pubkey } from '../../policy/types.ts';
import { planVote } from '../../scripts/squads/commands/approve.ts';
import { readSeen } from '../../scripts/squads/commands/status.ts';
import { settleConfig } from '../../scripts/squads/config.ts';
import { findDrift } from '../../scripts/squads/drift.ts';
import { understand } from '../../scripts/squads/proposal.ts';
import { findLimits, readMultisig, readProposed } from '../../scripts/squads/read.ts';
import type { Shape } from '../../scripts/squads/shapes.ts';
import { findDangers } from '../../scripts/squads/shapes.ts';
import { makePolicy } from './owner-support.ts';
import { balance, DAY, draw, found, key, limitFor } from './squads-attack-support.ts';
import { fundedSigner, openGround, SKIP, SOL } from './squads-support.ts';

t.setTimeout(240_000);

t.test('attacks', { skip: SKIP }, async (t) => {
  const ground = await openGround();
  const { chain } = ground;
  const [owner, agent, recovery, thief] = await Promise.all([1, 2, 3, 4].map(() => fundedSigner(ground)));
  if (!owner || !agent || !recovery || !thief) throw new Error('no signers');
  const bytes = canonicalizePolicy(JSON.stringify(makePolicy(ground.machine.profile)));
  const parsed = parsePolicy(bytes.ok ? bytes.value : new Uint8Array());
  if (!parsed.ok) throw new Error('policy');
  const policy = parsed.value;
  const all = (...signers: KeyPairSigner[]) => signers.map((signer) => ({ key: key(signer), permissions: 7 }));
  const spending: Shape = { threshold: 1, timeLock: 0, members: all(owner) };
  const treasury: Shape = {
    threshold: 2,
    timeLock: 0,
    members: [...all(owner, recovery), { key: key(agent), permissions: 3 }],
  };
  const target = decodeBase58(thief.address, 32) as Uint8Array;
  const pays = (vault: Uint8Array, lamports: bigint) =>
    compileVaultMessage(vault, [transferSol(vault, target, lamports)]);
  const inner = (message: Uint8Array): InnerMessage => {
    const decoded = decodeInnerMessage(message);
    if (!decoded.ok) throw new Error(decoded.refusal);
    return decoded.value;
  };
  const seenOf = async (made: { multisig: Pubkey }) => readSeen(chain, made.multisig);

  await t.test('a raced index: our create, propose and approve in one message fail together', async (t) => {
    const made = await found(ground, treasury, owner);
    const ours = await made.at(agent);
    const theirs = await made.at(recovery);
    await ground.send(recovery, [
      made.sdk.createVault(theirs, 0, pays(made.vault, 9n * SOL)),
      made.sdk.createProposal(theirs),
    ]);
    const message = compileVaultMessage(made.vault, [transferSol(made.vault, target, 1n)]);
    const steps = [made.sdk.createVault(ours, 0, message), made.sdk.createProposal(ours), made.sdk.approve(ours)];
    await t.rejects(ground.send(agent, steps), { code: 'transaction-failed' });
    const { proposal } = await readProposed(chain, made.multisig, ours.index);
    t.strictSame(proposal?.approved, [], 'no vote of ours on what took our place');
    // A vote alone would have landed on it: the chain does not care. The enclave refuses bare votes (proposal-incomplete).
    await ground.send(agent, [made.sdk.approve(ours)]);
    t.strictSame((await readProposed(chain, made.multisig, ours.index)).proposal?.approved, [key(agent)]);
  });

  await t.test('an executor drained by the inner message: refused before the vote', async (t) => {
    const made = await found(ground, spending, owner);
    const place = await made.at(owner);
    const own = decodeBase58(owner.address, 32) as Uint8Array;
    const system = '0'.repeat(64) as Pubkey;
    const message: InnerMessage = {
      ...inner(compileVaultMessage(made.vault, [transferSol(own, target, 2n * SOL)])),
      requiredSignatures: 1,
      writableSigners: 1,
      writableOthers: 1,
      keys: [key(owner), key(thief), system],
      instructions: [
        { program: 2, accounts: Uint8Array.of(0, 1), data: Uint8Array.from(transferSol(own, target, 2n * SOL).data) },
      ],
    };
    await ground.send(owner, [
      made.sdk.createVault(place, 0, encodeInnerMessage(message)),
      made.sdk.createProposal(place),
    ]);
    const { transaction } = await readProposed(chain, made.multisig, place.index);
    await t.rejects(understand(chain, policy, transaction), { code: 'proposal-refused', message: /another signature/ });
    // What the program itself does with it: the executing member pays.
    const before = await balance(ground, thief.address);
    const named = [
      { key: key(owner), writable: true },
      { key: key(thief), writable: true },
      { key: system, writable: false },
    ];
    await ground.send(owner, [made.sdk.approve(place), made.sdk.executeVault(place, named)]);
    t.equal((await balance(ground, thief.address)) - before, 2n * SOL);
  });

  await t.test('a lookup table that ends before the place it is asked for: refused', async (t) => {
    const made = await found(ground, spending, owner);
    const place = await made.at(owner);
    const plain = inner(pays(made.vault, SOL));
    const table = key(await generateKeyPairSigner());
    const vaultKey = Buffer.from(made.vault).toString('hex') as Pubkey;
    const message: InnerMessage = {
      ...plain,
      writableOthers: 0,
      keys: [vaultKey, '0'.repeat(64) as Pubkey],
      instructions: [
        { program: 1, accounts: Uint8Array.of(0, 2), data: plain.instructions[0]?.data ?? new Uint8Array() },
      ],
      lookups: [{ table, writable: Uint8Array.of(0), readonly: new Uint8Array() }],
    };
    await ground.send(owner, [
      made.sdk.createVault(place, 0, encodeInnerMessage(message)),
      made.sdk.createProposal(place),
    ]);
    const { transaction } = await readProposed(chain, made.multisig, place.index);
    const withTable = (addresses: readonly Pubkey[]) => ({
      ...chain,
      readAccounts: async () => [
        {
          address: pubkeyToBase58(table),
          lamports: 1n,
          owner: 'AddressLookupTab1e1111111111111111111111111',
          data: Uint8Array.from(Buffer.concat([Buffer.alloc(56), ...addresses.map(pubkeyToBytes)])),
        },
      ],
    });
    await t.rejects(understand(chain, policy, transaction), { code: 'proposal-refused' }, 'no such table');
    await t.rejects(understand(withTable([]), policy, transaction), { message: /beyond the end/ });
    const { lines } = await understand(withTable([key(thief)]), policy, transaction);
    t.match(lines.join(), new RegExp(`send 1 SOL.*${thief.address}`), 'in range it is shown with the key that is used');
  });

  await t.test('a removed member goes on spending; revoking ends limits and membership together', async (t) => {
    const made = await found(ground, treasury, owner);
    const createKey = key(await generateKeyPairSigner());
    const vote = async (...actions: ConfigAction[]) => {
      const [first, second] = [await made.at(owner), await made.at(recovery)];
      const account = await readMultisig(chain, made.multisig);
      await ground.send(owner, [
        made.sdk.createConfig(first, actions),
        made.sdk.createProposal(first),
        made.sdk.approve(first),
      ]);
      await ground.send(recovery, [made.sdk.approve(second), ...settleConfig(made.sdk, second, account, actions)]);
    };
    await vote(limitFor(createKey, [key(agent)], SOL));
    await vote({ kind: 'removeMember', member: key(agent) });
    await ground.send(agent, [draw(made, agent, createKey, target, 1000n)]);
    const drift = findDrift(await seenOf(made), {
      agent: key(agent),
      owner: key(owner),
      members: null,
      differences: [{ kind: 'extra', found: (await findLimits(chain, made.multisig))[0] as never, ours: true }],
    });
    t.match(drift, [{ kind: 'shape' }, { kind: 'limit-extra', detail: new RegExp(agent.address) }]);
    await vote({ kind: 'removeSpendingLimit', limit: deriveSpendingLimit(made.multisig, createKey) });
    await t.rejects(ground.send(agent, [draw(made, agent, createKey, target, 1000n)]), { code: 'transaction-failed' });
  });

  await t.test('stacked limits add up, in one transaction too; the drift is named', async (t) => {
    const made = await found(ground, spending, owner);
    const keys = [key(await generateKeyPairSigner()), key(await generateKeyPairSigner())];
    for (const createKey of keys) await made.configure(owner, limitFor(createKey, [key(agent)], SOL));
    const before = await balance(ground, thief.address);
    await ground.send(
      agent,
      keys.map((createKey) => draw(made, agent, createKey, target, SOL)),
    );
    t.equal((await balance(ground, thief.address)) - before, 2n * SOL);
    const drift = findDrift(await seenOf(made), {
      agent: key(agent),
      owner: key(owner),
      members: null,
      differences: [],
    });
    t.match(drift, [{ kind: 'limits-stacked', detail: /add up to 2000000000/ }]);
  });

  await t.test('two bursts at an edge: twice the amount passes on chain, once with half of it', async (t) => {
    const made = await found(ground, spending, owner);
    const keys = [key(await generateKeyPairSigner()), key(await generateKeyPairSigner())];
    await made.configure(owner, limitFor(keys[0] as Pubkey, [key(agent)], 2n * SOL));
    await made.configure(owner, limitFor(keys[1] as Pubkey, [key(agent)], SOL));
    ground.pass(DAY - 60);
    for (const [at, amount] of [2n * SOL, SOL].entries())
      await ground.send(agent, [draw(made, agent, keys[at] as Pubkey, target, amount)]);
    await t.rejects(ground.send(agent, [draw(made, agent, keys[0] as Pubkey, target, 1n)]), {
      code: 'transaction-failed',
    });
    ground.pass(120);
    const before = await balance(ground, thief.address);
    for (const [at, amount] of [2n * SOL, SOL].entries())
      await ground.send(agent, [draw(made, agent, keys[at] as Pubkey, target, amount)]);
    t.equal((await balance(ground, thief.address)) - before, 3n * SOL, 'two minutes later: all of it again');
  });

  await t.test('an approved proposal never expires: it is named, and cancelled by the owner alone', async (t) => {
    const made = await found(ground, spending, owner);
    const place = await made.at(owner);
    const steps = [
      made.sdk.createVault(place, 0, pays(made.vault, SOL)),
      made.sdk.createProposal(place),
      made.sdk.approve(place),
    ];
    await ground.send(owner, steps);
    await made.configure(owner, { kind: 'addMember', member: { key: key(recovery), permissions: 7 } });
    ground.pass(400 * DAY);
    const seen = await seenOf(made);
    t.ok(seen.account.staleIndex >= place.index, 'the members changed since');
    const expected = { agent: key(agent), owner: key(owner), members: null, differences: [] };
    t.match(findDrift(seen, expected), [{ kind: 'approved', detail: /never expires/ }]);
    await ground.send(owner, [made.sdk.cancel(place)]);
    t.strictSame(findDrift(await seenOf(made), expected), []);
    const proposed = await readProposed(chain, made.multisig, place.index);
    t.throws(() => planVote(seen.account, proposed, key(owner), Date.now()), {
      code: 'proposal-refused',
      message: /cancelled/,
    });
    await t.rejects(ground.send(owner, [made.sdk.executeVault(place, [])]), { code: 'transaction-failed' });
  });

  await t.test('two of two: the owner cannot cancel alone; we never make one', async (t) => {
    const shape: Shape = { threshold: 2, timeLock: 0, members: all(owner, agent) };
    t.match(findDangers({ ...shape, members: [...all(owner), { key: key(agent), permissions: 3 }] }, key(agent)), [
      /freezes/,
    ]);
    const made = await found(ground, shape, owner);
    const [first, second] = [await made.at(owner), await made.at(agent)];
    await ground.send(owner, [
      made.sdk.createVault(first, 0, pays(made.vault, SOL)),
      made.sdk.createProposal(first),
      made.sdk.approve(first),
    ]);
    await ground.send(agent, [made.sdk.approve(second)]);
    await ground.send(owner, [made.sdk.cancel(first)]);
    t.match(
      (await readProposed(chain, made.multisig, first.index)).proposal,
      { state: 'approved' },
      'it still executes',
    );
    const drift = findDrift(await seenOf(made), {
      agent: key(agent),
      owner: key(owner),
      members: null,
      differences: [],
    });
    t.strictSame([...new Set(drift.map(({ kind }) => kind))].sort(), ['approved', 'shape']);
  });

  await t.test('a time lock is kept: approved now, executed only after it', async (t) => {
    const made = await found(ground, { ...treasury, timeLock: 3600 }, owner);
    const [ours, theirs] = [await made.at(owner), await made.at(agent)];
    await ground.send(agent, [
      made.sdk.createVault(theirs, 0, pays(made.vault, SOL)),
      made.sdk.createProposal(theirs),
      made.sdk.approve(theirs),
    ]);
    const account = await readMultisig(chain, made.multisig);
    const before = await readProposed(chain, made.multisig, ours.index);
    t.match(planVote(account, before, key(owner), 0), { approves: true, executes: false, missing: 0 });
    await ground.send(owner, [made.sdk.approve(ours)]);
    const after = await readProposed(chain, made.multisig, ours.index);
    const since = Number(after.proposal?.since) * 1000;
    t.match(planVote(account, after, key(owner), since + 3_599_000), { approves: false, executes: false });
    t.match(planVote(account, after, key(owner), since + 3_600_000), { approves: false, executes: true });
  });
});
