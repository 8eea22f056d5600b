/** What a host, or a role beyond its part, may send to the owner plane: none of it is accepted. */

import fc from 'fast-check';
import t from 'tap';
import { decodeCbor, encodeCbor } from '../../enclave/link/cbor.ts';
import type { BatchedCommand } from '../../enclave/link/schema/batch.ts';
import type { CommandBody, CommandName, CommandPayload, Role } from '../../enclave/link/schema/command.ts';
import { COMMANDS } from '../../enclave/link/schema/command.ts';
import { makeKey } from '../keys.ts';
import type { BatchEntry, SignedCommand, TestEnclave } from './helpers.ts';
import {
  createTestWallet,
  createWorld,
  grantLease,
  leaseBody,
  policyBlob,
  readStatement,
  readStored,
  signBatch,
  signCommand,
  stage,
} from './helpers.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const MESSAGES = Math.max(200, Math.round(10_000 * SCALE));
const LATER_MS = 300_000;

type Bodies = { [Name in Exclude<CommandName, 'wallet.create'>]: CommandBody<Name> };

/** A body of each command that its owner could have signed now. */
async function makeBodies(enclave: TestEnclave): Promise<Bodies> {
  const statement = await readStatement(enclave, 'w');
  const { policyHash, policyVersion, kmsKeyArn } = statement;
  const id = { approvalId: 'ab'.repeat(16), effectsHash: new Uint8Array(32) };
  const standing = { kmsKeyArn, policyHash, version: policyVersion + 1 };
  return {
    'policy.set': { policyHash, version: policyVersion + 1 },
    'lease.grant': leaseBody(statement),
    pause: {},
    resume: {},
    approve: { ...id, notAfter: BigInt(Date.now() + LATER_MS) },
    deny: id,
    close: {},
    sign: { message: new Uint8Array(40) },
    reseal: standing,
    'owner.rotate': { ...standing, ownerPublicKey: makeKey('stranger').key },
    'wallet.retire': {},
  };
}

/** Ways to spoil a good command. What they give must never be accepted, whoever sends it and in whatever order. */
interface Material {
  readonly good: SignedCommand;
  readonly used: SignedCommand;
  readonly name: keyof Bodies;
  readonly random: number;
  readonly bodies: Bodies;
  sign(changes: Partial<CommandPayload> & { key?: ReturnType<typeof makeKey> }, wallet?: string): SignedCommand;
  /** The second of three commands under one signature: a lease that would be taken, but for these changes. */
  batch(changes: Partial<BatchEntry<CommandName>['changes']>, entry?: BatchChanges): SignedCommand;
}
type BatchChanges = Partial<BatchEntry<CommandName>> & { key?: ReturnType<typeof makeKey> };

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at % copy.length] = (copy[at % copy.length] as number) ^ (1 << (at % 8));
  return copy;
};
const first = ({ envelope }: SignedCommand): Uint8Array => envelope[0] as Uint8Array;

const HOSTILE: Readonly<Record<string, (material: Material) => SignedCommand>> = {
  replay: ({ used }) => used,
  reorder: ({ sign, random }) => sign({ seq: random % 6 }),
  'flipped envelope': ({ good, random }) => ({ ...good, envelope: [flip(first(good), random)] }),
  'flipped body': ({ good, random }) => ({ ...good, body: flip(good.body, random) }),
  'other wallet': ({ sign }) => sign({}, 'other'),
  'no wallet': ({ sign }) => sign({}, 'nobody'),
  'other boot': ({ sign, random }) => sign({ boot: new Uint8Array(32).fill(random % 255) }),
  // The enclave's clock may be a little behind this one.
  expired: ({ sign, random }) => sign({ notAfter: BigInt(Date.now() - 10_000 - (random % 1e9)) }),
  'too far ahead': ({ sign, random }) => sign({ notAfter: BigInt(Date.now() + 86_500_000 + (random % 1e9)) }),
  'cut envelope': ({ good, random }) => ({
    ...good,
    envelope: [first(good).slice(0, 1 + (random % (first(good).length - 1)))],
  }),
  'cut body': ({ good, random }) => ({
    ...good,
    body: good.body.length > 1 ? good.body.slice(0, 1 + (random % (good.body.length - 1))) : new Uint8Array(2),
  }),
  'longer envelope': ({ good }) => ({ ...good, envelope: [Uint8Array.of(...first(good), 0)] }),
  'other name': ({ sign, name }) =>
    sign({ command: name === 'resume' ? 'close' : 'resume', bodyHash: new Uint8Array(32) }),
  'other body': ({ sign, random }) => sign({ bodyHash: new Uint8Array(32).fill(random % 255) }),
  'stranger’s key': ({ sign }) => sign({ key: makeKey('stranger') }),
  'a second signature over something else': ({ good, used }) => ({ ...good, envelope: [first(good), first(used)] }),
};

/** One command of a batch with another place, path, salt or signature than its own. */
function misplace({ envelope, body }: SignedCommand, changes: (own: BatchedCommand) => Partial<BatchedCommand>) {
  const own = decodeCbor(envelope[0] as Uint8Array) as unknown as BatchedCommand;
  return { envelope: [encodeCbor({ ...own, ...changes(own) })], body };
}

const HOSTILE_BATCHES: Readonly<Record<string, (material: Material) => SignedCommand>> = {
  'batched: replay': ({ batch, random }) => batch({ seq: random % 10 }),
  'batched: no lease': ({ batch, name, bodies }) => {
    const other = name === 'lease.grant' ? 'resume' : name;
    return batch({}, { name: other, body: bodies[other] as never, key: makeKey('owner') });
  },
  'batched: flipped': ({ batch, random }) => {
    const good = batch({});
    return { ...good, envelope: [flip(first(good), random)] };
  },
  'batched: cut': ({ batch, random }) => {
    const good = batch({});
    return { ...good, envelope: [first(good).slice(0, 1 + (random % (first(good).length - 1)))] };
  },
  'batched: flipped body': ({ batch, random }) => {
    const good = batch({});
    return { ...good, body: flip(good.body, random) };
  },
  'batched: other place': ({ batch, random }) => misplace(batch({}), () => ({ index: (random % 2) * 2 })),
  'batched: other salt': ({ batch, random }) =>
    misplace(batch({}), () => ({ salt: new Uint8Array(32).fill(2 + (random % 250)) })),
  'batched: other path': ({ batch, random }) =>
    misplace(batch({}), ({ path }) => ({ path: path.map((hash) => flip(hash, random)) })),
  'batched: longer path': ({ batch }) => misplace(batch({}), ({ path }) => ({ path: [...path, ...path] })),
  'batched: other payload': ({ batch, random }) =>
    misplace(batch({}), ({ payload }) => ({ payload: flip(payload, random) })),
  'batched: its signature alone': ({ batch }) => {
    const good = batch({});
    return { ...good, envelope: [(decodeCbor(first(good)) as unknown as BatchedCommand).signed] };
  },
  'batched: a command’s signature': ({ batch, good }) => misplace(batch({}), () => ({ signed: first(good) })),
  'batched: beside another': ({ batch, good }) => ({ ...good, envelope: [first(batch({})), first(good)] }),
  'batched: other wallet': ({ batch }) => batch({}, { wallet: 'other', key: makeKey('owner') }),
  'batched: other boot': ({ batch, random }) => batch({ boot: new Uint8Array(32).fill(random % 255) }),
  'batched: expired': ({ batch, random }) => batch({ notAfter: BigInt(Date.now() - 10_000 - (random % 1e9)) }),
  'batched: other key': ({ batch, random }) => batch({}, { key: makeKey(STRANGERS[random % 3] as string) }),
};
const STRANGERS = ['stranger', 'pauser', 'approver'];
const ALL_HOSTILE = { ...HOSTILE, ...HOSTILE_BATCHES };

t.test(`${MESSAGES} hostile messages, none accepted`, async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  await createTestWallet(world, enclave, 'w');
  // Wallet `other` belongs to somebody else: the commands of w's owner are a stranger's there.
  const other = makeKey('owner of other');
  const policy = policyBlob();
  await stage(enclave, policy);
  const creation = { wallet: 'other', ownerPublicKey: other.key, kmsKeyArn: world.kmsKeyArn, policyHash: policy.hash };
  await enclave.owner.request(
    'command',
    signCommand(enclave, 'other', 'wallet.create', creation, { seq: 1, key: other }),
  );
  await grantLease(enclave, 'w');
  const used = signCommand(enclave, 'w', 'resume', {}, { seq: 9 });
  await enclave.owner.request('command', used);
  const before = await readStatement(enclave, 'w');
  const bodies = await makeBodies(enclave);
  const kinds = Object.keys(ALL_HOSTILE);
  const names = Object.keys(bodies) as (keyof Bodies)[];
  const codes = new Map<string, number>();
  const property = fc.asyncProperty(
    fc.constantFrom(...kinds),
    fc.constantFrom(...names),
    fc.nat(),
    async (kind, name, random) => {
      const sign: Material['sign'] = (changes, wallet = 'w') =>
        signCommand(enclave, wallet, name, bodies[name] as never, { seq: 10, ...changes });
      const batch: Material['batch'] = (changes, { key, ...entry } = {}) => {
        const own = { wallet: 'w', name: 'lease.grant', body: bodies['lease.grant'], ...entry } as const;
        const each = ['other', own.wallet, 'nobody'].map((wallet) => ({
          ...own,
          wallet,
          changes: { seq: 10, ...changes },
        }));
        return signBatch(enclave, each, key)[1] as SignedCommand;
      };
      const spoil = ALL_HOSTILE[kind] as (material: Material) => SignedCommand;
      const message = spoil({ good: sign({}), used, name, random, bodies, sign, batch });
      const outcome = await enclave.owner.request('command', message).then(
        () => 'ACCEPTED',
        (error: { code: string }) => error.code,
      );
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
      return outcome !== 'ACCEPTED' && outcome !== 'internal';
    },
  );
  await fc.assert(property, { numRuns: MESSAGES, seed: 4 });
  t.pass(JSON.stringify(Object.fromEntries(codes)));
  const { time: _, ...after } = await readStatement(enclave, 'w');
  const { time: __, ...expected } = before;
  t.same(after, expected, 'nothing is left of them');
  t.equal(readStored(enclave.store, 'other').length, 2, 'nor in the other wallet');
});

t.test('each role’s key is refused for every other role’s command', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  const bodies = await makeBodies(enclave);
  const keys: Readonly<Record<Exclude<Role, 'owner'>, string>> = {
    renew: 'renewer',
    pause: 'pauser',
    approve: 'approver',
  };
  let seq = 10;
  let refused = 0;
  for (const [role, key] of Object.entries(keys)) {
    for (const [name, { roles }] of Object.entries(COMMANDS) as [keyof Bodies, { roles: readonly Role[] }][]) {
      if (!Object.hasOwn(bodies, name)) continue;
      seq += 1;
      const signed = signCommand(enclave, 'w', name, bodies[name] as never, { seq, key: makeKey(key) });
      const code = await enclave.owner.request('command', signed).then(
        () => 'taken',
        (error: { code: string }) => error.code,
      );
      if (roles.includes(role as Role)) t.not(code, 'command-signature', `${role} may ${name}`);
      else t.equal(code, 'command-signature', `${role} may not ${name}`);
      if (code === 'command-signature') refused += 1;
    }
  }
  t.equal(refused, 3 * Object.keys(bodies).length - 4, 'all but the four rights the table gives');
});
