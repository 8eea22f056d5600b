import fc from 'fast-check';
import t from 'tap';
import type { Entry, Ledger } from '../../policy/ledger.ts';
import {
  emptyLedger,
  enterUnseen,
  findLedgerRoom,
  groupLine,
  recipientLine,
  replayEntries,
  reserve,
  spent,
  walletLine,
} from '../../policy/ledger.ts';
import { exportLedger, importLedger } from '../../policy/ledger-state.ts';
import type { Policy } from '../../policy/policy.ts';
import type { AssetId, Millis } from '../../policy/types.ts';
import { compile, DAY, draft, HOUR, NOON, pubkeyToBase58, SHOP, SOL, SUPPLIER, sol, USDC } from './policies.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const HOUR_MS = HOUR * 1_000;
const DAY_MS = DAY * 1_000;
const shop = pubkeyToBase58(SHOP);
const daily = sol({ windows: [{ seconds: DAY, max: '1000' }] });
const weekly = sol({ windows: [{ seconds: 7 * DAY, max: '1000' }] });
const hourly = sol({ windows: [{ seconds: HOUR, max: '1000' }] });
const perShop = { windows: [{ seconds: HOUR, max: '50' }], per: 'recipient' };
const grouped = draft({
  recipients: [
    { name: 'g', owners: [shop], assets: { SOL: perShop, USDC: { windows: [{ seconds: DAY, max: '5' }] } } },
  ],
});

const wallet = (amount: bigint): Entry => ({ line: walletLine(SOL), asset: SOL, amount });
const at = (ms: number) => ms as Millis;
const counted = (ledger: Ledger, seconds: number, now: number) =>
  spent(ledger, walletLine(SOL), SOL, seconds, at(now)).seen;

function reload(ledger: Ledger): Ledger {
  const loaded = importLedger(exportLedger(ledger));
  if (!loaded.ok) throw new Error(loaded.refusal);
  return loaded.value;
}

t.test('lines are apart', async (t) => {
  const policy = compile(grouped);
  const ledger = emptyLedger();
  const lines = [walletLine(SOL), groupLine(USDC, 'g'), recipientLine(SOL, 'g', SHOP)];
  const assets = [SOL, USDC, SOL];
  const entries = lines.map((line, index) => ({ line, asset: assets[index] as AssetId, amount: BigInt(index + 1) }));
  reserve(ledger, policy, entries, NOON);
  const sums = lines.map((line, index) => spent(ledger, line, assets[index] as AssetId, HOUR, NOON).seen);
  t.same(sums, [1n, 2n, 3n]);
  t.equal(spent(ledger, recipientLine(SOL, 'g', SUPPLIER), SOL, HOUR, NOON).seen, 0n);
});

t.test('unseen spending counts on every line of its asset', async (t) => {
  const policy = compile(grouped);
  const ledger = emptyLedger();
  enterUnseen(ledger, policy, [{ asset: SOL, amount: 7n, until: at(NOON + HOUR_MS) }], NOON);
  for (const line of [walletLine(SOL), groupLine(SOL, 'g'), groupLine(SOL, 'new'), recipientLine(SOL, 'g', SUPPLIER)]) {
    t.same(spent(ledger, line, SOL, HOUR, NOON), { seen: 0n, unseen: 7n }, line);
  }
  t.equal(spent(ledger, walletLine(USDC), USDC, HOUR, NOON).unseen, 0n);
  const line = walletLine(SOL);
  t.equal(spent(ledger, line, SOL, HOUR, at(NOON + 2 * HOUR_MS)).unseen, 7n, 'from the lease’s end on');
  t.equal(spent(ledger, line, SOL, HOUR, at(NOON + 2 * HOUR_MS + 15_000)).unseen, 0n, 'for the window and a bucket');
});

t.test('room opens when enough of what counts has left, seen and unseen', async (t) => {
  const ledger = emptyLedger();
  const policy = compile(hourly);
  reserve(ledger, policy, [wallet(10n)], NOON);
  enterUnseen(ledger, policy, [{ asset: SOL, amount: 5n, until: at(NOON + HOUR_MS) }], NOON);
  const opens = (room: bigint, now: number) => {
    const moment = findLedgerRoom(ledger, walletLine(SOL), SOL, HOUR, room, at(now));
    return moment === null ? null : moment - NOON;
  };
  const rows: readonly [name: string, room: bigint, ms: number, opens: number | null][] = [
    ['enough', 15n, 0, null],
    ['the first leaves an hour and a bucket later', 14n, 0, HOUR_MS + 15_000],
    ['an hour after the lease’s end the second', 4n, 0, 2 * HOUR_MS + 15_000],
    ['a clock that went back', 14n, -DAY_MS, HOUR_MS + 15_000],
    ['the first has left', 5n, HOUR_MS + 15_000, null],
  ];
  for (const [name, room, ms, expected] of rows) t.equal(opens(room, NOON + ms), expected, name);
});

t.test('unseen spending of a lease that has ended is dated now', async (t) => {
  const ledger = emptyLedger();
  enterUnseen(ledger, compile(hourly), [{ asset: SOL, amount: 7n, until: at(NOON - HOUR_MS) }], NOON);
  t.equal(spent(ledger, walletLine(SOL), SOL, HOUR, at(NOON + HOUR_MS)).unseen, 7n);
});

t.test('a new policy finds the spending of the old one', async (t) => {
  const ledger = emptyLedger();
  reserve(ledger, compile(daily), [wallet(10n)], NOON);
  reserve(ledger, compile(daily), [wallet(5n)], at(NOON + 3 * DAY_MS));
  t.equal(counted(ledger, DAY, NOON + 3 * DAY_MS), 5n);
  t.equal(counted(ledger, 7 * DAY, NOON + 3 * DAY_MS), 15n, 'a longer window, before anything is entered under it');
  reserve(ledger, compile(weekly), [wallet(1n)], at(NOON + 3 * DAY_MS));
  t.equal(counted(ledger, 7 * DAY, NOON + 3 * DAY_MS), 16n, 'and after');
  t.equal(counted(ledger, HOUR, NOON + 3 * DAY_MS), 6n, 'a shorter one');
  t.equal(counted(ledger, DAY, NOON + 3 * DAY_MS), 6n, 'the old one again');
  t.equal(counted(ledger, 7 * DAY, NOON + 9 * DAY_MS), 6n, 'days later the first payment has left');
});

t.test('a clock that goes backwards opens nothing', async (t) => {
  const policy = compile(hourly);
  const ledger = emptyLedger();
  reserve(ledger, policy, [wallet(10n)], at(NOON + HOUR_MS));
  t.equal(counted(ledger, HOUR, NOON), 10n, 'an entry ahead of now counts at once');
  reserve(ledger, policy, [wallet(5n)], NOON);
  t.equal(counted(ledger, HOUR, NOON + 2 * HOUR_MS), 15n, 'what is entered then is dated at the latest time seen');
});

t.test('replayed entries give the same ledger', async (t) => {
  const policy = compile(grouped);
  const [live, replayed] = [emptyLedger(), emptyLedger()];
  const steps = [3n, 4n, 5n].map((amount, index) => ({ entries: [wallet(amount)], now: at(NOON + index * HOUR_MS) }));
  for (const { entries, now } of steps) reserve(live, policy, entries, now);
  for (const { entries, now } of steps) replayEntries(replayed, policy, entries, now);
  t.same(exportLedger(replayed), exportLedger(live));
});

t.test('the state survives export and import', async (t) => {
  const ledger = emptyLedger();
  const policy = compile(grouped);
  reserve(ledger, policy, [wallet(10n), { line: recipientLine(SOL, 'g', SHOP), asset: SOL, amount: 3n }], NOON);
  enterUnseen(ledger, policy, [{ asset: SOL, amount: 2n, until: at(NOON + DAY_MS) }], NOON);
  const loaded = reload(ledger);
  t.same(exportLedger(loaded), exportLedger(ledger));
  t.equal(loaded.latest, NOON);
  t.same(spent(loaded, walletLine(SOL), SOL, HOUR, NOON), { seen: 10n, unseen: 2n });
  t.equal(exportLedger(emptyLedger()).lines.length, 0);
});

/** Any requests at any times, under policies that change, across restarts: in no real window more than its limit. */
t.test('no window is ever exceeded', async (t) => {
  const policies: readonly Policy[] = [daily, weekly, hourly].map(compile);
  const step = fc.record({
    forward: fc.oneof(fc.nat(HOUR_MS), fc.nat(DAY_MS), fc.nat(4 * DAY_MS)),
    back: fc.oneof(fc.constant(0), fc.nat(HOUR_MS)),
    amount: fc.bigInt(1n, 600n),
    policy: fc.nat(2),
    restart: fc.boolean(),
  });
  const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    let ledger = emptyLedger();
    let now: number = NOON;
    const real: { at: number; amount: bigint }[] = [];
    for (const { forward, back, amount, policy: index, restart } of steps) {
      now += forward - back;
      if (restart) ledger = reload(ledger);
      const policy = policies[index] as Policy;
      const [window] = policy.assets.get(SOL)?.windows ?? [];
      if (window === undefined) return false;
      const { seen } = spent(ledger, walletLine(SOL), SOL, window.seconds, at(now));
      if (seen + amount > window.max) continue;
      reserve(ledger, policy, [wallet(amount)], at(now));
      real.push({ at: ledger.latest, amount });
      const since = ledger.latest - window.seconds * 1_000;
      if (real.reduce((sum, each) => (each.at > since ? sum + each.amount : sum), 0n) > window.max) return false;
    }
    return true;
  });
  fc.assert(property, { seed: 86_400, numRuns: Math.ceil(20_000 * SCALE) });
  t.pass();
});
