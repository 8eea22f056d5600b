/** Trusted time: scripts of what the NSM and the counter say, and what the clock then shows. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { createClock } from '../../enclave/clock.ts';
import { CLOCK_MAX_AGE_MS } from '../../enclave/limits.ts';
import { createTestWallet, createWorld, grantLease, paymentOf, signWith } from './helpers.ts';

const START = 1_800_000_000_000;

/** A clock whose NSM and counter are set by hand: milliseconds since the start. */
function createRig() {
  let counter = 0;
  const clock = createClock(
    async () => null,
    () => counter,
  );
  return {
    clock,
    /** After `elapsed` on the counter, the NSM says `nsm`. */
    observe(elapsed: number, nsm: number) {
      counter += elapsed;
      clock.observe(START + nsm);
    },
    pass(elapsed: number) {
      counter += elapsed;
    },
  };
}

type Step = readonly [elapsed: number, nsm: number];
const SCRIPTS: readonly (readonly [name: string, steps: readonly Step[], shown: number | 'untrusted'])[] = [
  ['the first answer is believed', [[0, 0]], 0],
  [
    'agreeing readings',
    [
      [0, 0],
      [60_000, 60_000],
    ],
    60_000,
  ],
  [
    'a little drift',
    [
      [0, 0],
      [60_000, 60_400],
    ],
    60_400,
  ],
  [
    'a step back of a second: time stands until it is passed',
    [
      [0, 0],
      [60_000, 59_000],
    ],
    60_000,
  ],
  [
    'a step back of three seconds',
    [
      [0, 0],
      [60_000, 57_000],
    ],
    'untrusted',
  ],
  [
    'a step back of an hour',
    [
      [0, 0],
      [60_000, 60_000 - 3_600_000],
    ],
    'untrusted',
  ],
  [
    'a step back of ten years',
    [
      [0, 0],
      [60_000, -315_000_000_000],
    ],
    'untrusted',
  ],
  [
    'a step ahead of an hour',
    [
      [0, 0],
      [60_000, 3_660_000],
    ],
    'untrusted',
  ],
  [
    'a frozen NSM',
    [
      [0, 0],
      [60_000, 0],
    ],
    'untrusted',
  ],
  [
    'ten percent of drift',
    [
      [0, 0],
      [60_000, 66_000],
    ],
    'untrusted',
  ],
  [
    'a step ahead that holds',
    [
      [0, 0],
      [60_000, 3_660_000],
      [1_000, 3_661_000],
    ],
    3_661_000,
  ],
  [
    'a step ahead and two documents at once prove nothing',
    [
      [0, 0],
      [60_000, 3_660_000],
      [10, 3_660_010],
    ],
    'untrusted',
  ],
  [
    'a step back that holds stays refused',
    [
      [0, 0],
      [60_000, 0],
      [1_000, 1_000],
      [1_000, 2_000],
    ],
    'untrusted',
  ],
  [
    'until it has caught up',
    [
      [0, 0],
      [60_000, 50_000],
      [1_000, 51_000],
      [8_000, 59_000],
    ],
    60_000,
  ],
];

t.test('what the clock shows', (t) => {
  for (const [name, steps, shown] of SCRIPTS) {
    const { clock, observe } = createRig();
    for (const [elapsed, nsm] of steps) observe(elapsed, nsm);
    if (shown === 'untrusted') t.throws(() => clock.now(), { code: 'clock-untrusted' }, name);
    else t.equal(clock.now(), START + shown, name);
    clock.stop();
  }
  t.end();
});

t.test('a reading that is too old is not believed', (t) => {
  const { clock, observe, pass } = createRig();
  t.throws(() => clock.now(), { code: 'clock-untrusted' }, 'none at all');
  observe(0, 0);
  pass(CLOCK_MAX_AGE_MS);
  t.equal(clock.now(), START + CLOCK_MAX_AGE_MS);
  pass(1);
  t.throws(() => clock.now(), { code: 'clock-untrusted' });
  clock.stop();
  t.end();
});

t.test('an NSM that does not answer stops the clock', async (t) => {
  const answers: (number | null)[] = [START, null];
  const clock = createClock(
    async () => answers.shift() ?? null,
    () => 0,
  );
  await clock.start();
  t.equal(clock.now(), START);
  await clock.start();
  t.throws(() => clock.now(), { code: 'clock-untrusted' });
  clock.stop();
});

t.test('whatever the script, time shown never goes back', (t) => {
  const step = fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: -4_000_000, max: 4_000_000 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { clock, observe, pass } = createRig();
      let last = 0;
      let nsm = 0;
      for (const [elapsed, slip] of steps) {
        nsm += elapsed + (slip % 3 === 0 ? slip : slip % 100);
        observe(elapsed, nsm);
        pass(elapsed % 500);
        const shown = clock.read();
        if (shown < last) return false;
        last = shown;
      }
      clock.stop();
      return true;
    }),
    { seed: 20261120, numRuns: Math.max(50, 10_000 * Number(process.env['REEVE_SCALE'] ?? 0.01)) },
  );
  t.end();
});

t.test('in a running enclave the next document stops signing, and agreement lets it go on', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1)])).result, { outcome: 'signed' });
  world.nsmOffset = -3_600_000;
  await enclave.owner.request('attest', { nonce: new Uint8Array(16), wallets: [] });
  await t.rejects(signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 2)]), { code: 'clock-untrusted' });
  await t.rejects(grantLease(enclave, 'w'), { code: 'clock-untrusted' }, 'nor is a lease taken');
  world.nsmOffset = 0;
  await enclave.owner.request('attest', { nonce: new Uint8Array(16), wallets: [] });
  await t.rejects(
    signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 3)]),
    { code: 'clock-untrusted' },
    'one reading is no agreement',
  );
});

t.test('nothing but the clock reads the time', (t) => {
  const root = join(import.meta.dirname, '..', '..');
  const files = ['enclave', 'policy'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  t.ok(files.length > 60, 'there are files to look at');
  const readers = files.filter((file) =>
    /Date\.now|new Date\(\)|performance\.now|hrtime/.test(readFileSync(join(root, file), 'utf8')),
  );
  t.same(
    readers.sort(),
    ['enclave/clock.ts', 'enclave/kms/recipient.ts'],
    'the second only counts how long its key lives',
  );
  t.end();
});
