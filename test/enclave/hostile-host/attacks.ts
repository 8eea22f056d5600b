/**
 * One attack for every rule: what a host does that wins where the rule is off, and gets it nothing where it is on. A rule is off by what its witness
 * reads or writes, or by what becomes of a wallet after a step: the production code has no switch for it.
 */
import { U64_MAX } from '../../../policy/limits.ts';
import type { Millis } from '../../../policy/types.ts';
import type { Game, Letter, Sabotage } from './game.ts';
import { close, deliver, spend, spendExceptional, start } from './host.ts';
import type { Instance, State } from './instance.ts';
import { walletOf } from './instance.ts';
import { approve, changePolicy, pause, renew, reseal, resume } from './owner.ts';
import { FEE, LEASE_MS, SIGNATURES, SOL } from './policies.ts';
import { add, after, LEASING, lowerCeiling, readAs, recoveredBoot, seeOthers, setLease } from './sabotage.ts';

export interface Attack {
  readonly rule: string;
  readonly off: Sabotage;
  readonly play: (game: Game, first: Instance) => Promise<void>;
}

/** What one slice of the first policy lets through in one payment. */
const SLICE = 400_000n - FEE;
const WINDOW_MS = 3_600_000;

function wait(game: Game, ms: number): void {
  game.site.now += ms;
}

/** From a state that the enclave takes. */
async function restart(game: Game, state: State | null): Promise<Instance> {
  const instance = await start(game, state);
  if (instance === null) throw new Error('the enclave did not take the state');
  return instance;
}

/** A lease given to the first, then everything that a boot without receipts gets, then what the first still may. */
async function leaseAndFork(game: Game, first: Instance): Promise<void> {
  await renew(game, first);
  await drain(game, await restart(game, null));
  spend(game, first, SLICE);
}

async function deliverLast(game: Game, instance: Instance): Promise<void> {
  const letter = game.mail.at(-1);
  if (letter !== undefined) await deliver(game, instance, letter);
}

async function approveNext(game: Game, instance: Instance): Promise<void> {
  const waiting = spendExceptional(game, instance);
  if (waiting !== null) await approve(game, instance, waiting);
}

/** Slice after slice until the window is full. */
async function drain(game: Game, instance: Instance): Promise<void> {
  for (let slices = 0; slices < 4; slices++) {
    await renew(game, instance);
    for (const lamports of [SLICE, 195_000n, 95_000n, 45_000n]) spend(game, instance, lamports);
  }
}

export const ATTACKS: readonly Attack[] = [
  { rule: 'unseen spending is not charged', off: seeOthers(() => null), play: leaseAndFork },
  {
    rule: 'boots the chain does not show are not charged',
    off: seeOthers((boot, instance) => (boot.boot === recoveredBoot(instance) ? boot : null)),
    play: leaseAndFork,
  },
  {
    rule: 'the chain’s last boot is not charged',
    off: seeOthers((boot, instance) => (boot.boot === recoveredBoot(instance) ? null : boot)),
    async play(game, first) {
      await renew(game, first);
      const leased = first.states.at(-1) ?? null;
      spend(game, first, SLICE);
      await drain(game, await restart(game, leased));
    },
  },
  {
    rule: 'a close settles every boot',
    off: seeOthers((boot, instance) => (walletOf(instance).recovered.mClosed ? null : boot)),
    async play(game, first) {
      await renew(game, first);
      spend(game, first, SLICE);
      await close(game, first);
      const closed = first.states.at(-1) ?? null;
      const second = await restart(game, closed);
      await renew(game, second);
      await drain(game, await restart(game, closed));
      spend(game, second, SLICE);
    },
  },
  {
    rule: 'only a boot’s first lease carries its charges',
    off: readAs(({ witness }, { enclave }) => ({
      boots: witness.boots.map((each) => (each.boot === enclave.bootHash ? { ...each, charges: [] } : each)),
    })),
    async play(game, first) {
      await renew(game, first);
      const second = await restart(game, null);
      await renew(game, second, 'withheld');
      await drain(game, second);
      spend(game, first, SLICE);
    },
  },
  {
    rule: 'charges are dated now',
    off: seeOthers((boot) => ({ ...boot, until: 0 as Millis })),
    async play(game, first) {
      await renew(game, first);
      const second = await restart(game, null);
      await renew(game, second);
      wait(game, LEASE_MS - 1_000);
      spend(game, first, SLICE);
      wait(game, WINDOW_MS - LEASE_MS + 60_000);
      await drain(game, second);
    },
  },
  {
    rule: 'a boot is forgotten when its lease ends',
    off: {
      read: (record, { enclave }) => {
        const now = enclave.clock.read();
        const boots = record.witness.boots.filter(({ boot, until }) => boot === enclave.bootHash || until > now);
        return { ...record, witness: { ...record.witness, boots } };
      },
    },
    async play(game, first) {
      await renew(game, first);
      wait(game, LEASE_MS - 1_000);
      spend(game, first, SLICE);
      wait(game, 2_000);
      await drain(game, await restart(game, null));
    },
  },
  {
    rule: 'the last ceiling counts, not the highest',
    off: { write: (next) => ({ ...next, witness: { ...next.witness, boots: lowerCeiling(next.witness) } }) },
    async play(game, first) {
      await renew(game, first);
      await changePolicy(game, first, 'withheld');
      await drain(game, await restart(game, null));
      spend(game, first, SLICE);
    },
  },
  {
    rule: 'a ceiling counts from its own lease on',
    off: after(LEASING, (instance) =>
      setLease(instance, ({ spentInBoot }, slice) => ({ ceiling: add(spentInBoot, slice) })),
    ),
    async play(game, first) {
      await renew(game, first);
      spend(game, first, 195_000n);
      await renew(game, first, 'withheld');
      spend(game, first, 195_000n);
      await deliverLast(game, first);
      spend(game, first, 195_000n);
      spend(game, first, 195_000n);
      await drain(game, await restart(game, null));
    },
  },
  {
    rule: 'the ceiling is not looked at',
    off: after(LEASING, (instance) =>
      setLease(instance, () => ({ ceiling: { [SOL]: U64_MAX, [SIGNATURES]: U64_MAX } })),
    ),
    async play(game, first) {
      await leaseAndFork(game, first);
      spend(game, first, SLICE);
    },
  },
  {
    rule: 'superseded boots are leased again',
    off: readAs(({ witness }, { enclave }) => {
      const own = witness.boots.filter(({ boot }) => boot === enclave.bootHash);
      return { boots: [...witness.boots.filter(({ boot }) => boot !== enclave.bootHash), ...own], lastStatement: null };
    }),
    async play(game, first) {
      await leaseAndFork(game, first);
      await drain(game, first);
    },
  },
  {
    rule: 'a lease leaves before it is written',
    off: { sendsFirst: true, write: (next, before, crash) => (crash ? before : next) },
    async play(game, first) {
      await renew(game, first, 'crash');
      await deliverLast(game, first);
      spend(game, first, SLICE);
      await drain(game, await restart(game, null));
    },
  },
  {
    rule: 'a paused wallet is leased',
    off: readAs(() => ({ paused: false })),
    async play(game, first) {
      await renew(game, first);
      await pause(game, first, 'withheld');
      wait(game, LEASE_MS);
      await renew(game, first);
      spend(game, first, 1_000n);
    },
  },
  {
    rule: 'the policy in the enclave is leased, whatever the owner set',
    off: readAs((_record, instance) => ({ policyHash: walletOf(instance).policy.hash })),
    async play(game, first) {
      await changePolicy(game, first, 'withheld');
      await renew(game, first);
      spend(game, first, 1_000n);
    },
  },
  {
    rule: 'a wallet from an old seal is leased',
    off: {
      read: (record, instance) => ({ ...record, pins: { ...record.pins, kmsKeyArn: walletOf(instance).kmsKeyArn } }),
    },
    async play(game, first) {
      const [unsealed] = first.states;
      await reseal(game, first);
      const old = await restart(game, unsealed ?? null);
      await renew(game, old);
      spend(game, old, 1_000n);
    },
  },
  {
    rule: 'a lease holds after its end',
    off: after(LEASING, (instance) => setLease(instance, () => ({ until: Number.MAX_SAFE_INTEGER as Millis }))),
    async play(game, first) {
      await renew(game, first);
      wait(game, LEASE_MS);
      spend(game, first, 1_000n);
    },
  },
  {
    rule: 'a closed boot signs on',
    off: after(['boot.close'], (instance) => Object.assign(walletOf(instance), { phase: 'active' })),
    async play(game, first) {
      await renew(game, first);
      await close(game, first);
      spend(game, first, 1_000n);
    },
  },
  {
    rule: 'a new policy begins with empty budgets',
    off: after(['policy.set'], (instance) => walletOf(instance).ledger.lines.clear()),
    async play(game, first) {
      await drain(game, first);
      await changePolicy(game, first);
      spend(game, first, 195_000n);
    },
  },
  {
    rule: 'commands are taken again',
    off: after(['lease.grant', 'pause', 'resume'], (instance) => Object.assign(walletOf(instance), { commandSeq: 0 })),
    async play(game, first) {
      await renew(game, first);
      await pause(game, first);
      const letter = game.mail.at(-1) as Letter;
      await resume(game, first);
      await deliver(game, first, letter);
    },
  },
  {
    rule: 'an approval is not used up',
    off: after(['approved'], (instance) => {
      for (const approval of walletOf(instance).approvals.values()) approval.state = 'approved';
    }),
    async play(game, first) {
      await renew(game, first);
      await approveNext(game, first);
      spendExceptional(game, first);
      spendExceptional(game, first);
    },
  },
  {
    rule: 'the same is approved while an earlier approval may be used',
    off: readAs(() => ({ approvals: [] })),
    async play(game, first) {
      await renew(game, first);
      await approveNext(game, first);
      const second = await restart(game, null);
      await renew(game, second);
      await approveNext(game, second);
      spendExceptional(game, second);
      spendExceptional(game, first);
    },
  },
];
