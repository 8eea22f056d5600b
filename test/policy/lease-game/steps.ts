/** What every short game is made of: two small sets of moves, so that all sequences of them can be played. */

import type { Millis } from '../../../policy/types.ts';
import { SOL } from '../policies.ts';
import type { Step } from './explore.ts';
import type { Game, Instance } from './game.ts';
import { startInstance } from './game.ts';
import { ACTS, roomOf, spend } from './moves.ts';
import { deliver } from './take.ts';

/** Instances that may live at a time in these games. */
const LIVE = 3;
/** Seconds that may pass at once: within a lease, and over its end but not over the window's. */
const WAITS = [1_500, 3_200];

/** Whose moves name no choice of their own. */
const each =
  (name: 'renew' | 'withhold' | 'crash' | 'close' | 'pause' | 'resume' | 'settle' | 'use') =>
  (instance: Instance): Step =>
  (game) =>
    ACTS[name](game, byName(game, instance), 0);

const policyNow =
  (arrives: boolean) =>
  (instance: Instance): Step =>
  (game) =>
    ACTS.policy(game, byName(game, instance), arrives ? 1 : 0);

const approveNow =
  (arrives: boolean) =>
  (instance: Instance): Step =>
  (game) =>
    ACTS.approve(game, byName(game, instance), arrives ? 1 : 0);

function byName(game: Game, { name }: Instance): Instance {
  return game.instances.find((instance) => instance.name === name) as Instance;
}

const spendMost =
  (instance: Instance): Step =>
  (game) => {
    const own = byName(game, instance);
    const most = roomOf(game, own, SOL);
    if (most > 0n) spend(game, own, SOL, most);
  };

const wait =
  (seconds: number): Step =>
  (game) => {
    game.now = (game.now + seconds * 1_000) as Millis;
  };

/** A boot from any state the disk ever had, from none to the last. */
function starts(game: Game): Step[] {
  if (game.instances.length >= LIVE) return [];
  return [null, ...game.receipts].map((_, index) => (played) => {
    startInstance(played, [null, ...played.receipts][index] ?? null, played.eras.length - 1);
  });
}

/** Everything ever signed, to the boot it was signed for. */
function deliveries(game: Game): Step[] {
  return game.mail.map((command, index) => (played) => {
    const instance = played.instances.find(({ boot }) => boot === command.boot);
    const own = played.mail[index];
    if (instance !== undefined && own !== undefined) deliver(played, instance, own);
  });
}

/** Leases, spending, time, restarts from anywhere, forks, stops in order and renewers that die. */
export function listMoneySteps(game: Game): Step[] {
  const kinds = [each('renew'), each('withhold'), each('crash'), spendMost, each('close')];
  const own = game.instances.flatMap((instance) => kinds.map((make) => make(instance)));
  return [...own, ...starts(game), ...deliveries(game), ...WAITS.map(wait)];
}

/** What else the owner may say: another policy, a pause and its end, approvals; each at once or for the host to keep. */
export function listOwnerSteps(game: Game): Step[] {
  const kinds = [
    each('renew'),
    spendMost,
    policyNow(true),
    policyNow(false),
    each('pause'),
    each('resume'),
    approveNow(true),
    approveNow(false),
    each('use'),
  ];
  const own = game.instances.flatMap((instance) => kinds.map((make) => make(instance)));
  return [...own, ...starts(game), ...deliveries(game), wait(3_200)];
}
