/** Random transactions on a local chain: what our accounts really lose is at most what the effects say, and rights change only as they say. */
import fc from 'fast-check';
import t from 'tap';
import type { EffectReport } from '../../policy/effects.ts';
import { readEffects } from '../../policy/effects.ts';
import type { Message } from '../../policy/message.ts';
import type { Effect } from '../../policy/types.ts';
import { attempts } from './hostile.ts';
import { context, openWorld, signers } from './hostile-world.ts';
import { lossesOf, takeSnapshot } from './losses.ts';
import { buildMessage } from './messages.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const { chain, attempt } = openWorld();
const before = takeSnapshot(chain);
const tally = { landed: 0, failed: 0, refused: 0, lost: 0, changed: 0 };
const ordinary: ReadonlySet<Effect['kind']> = new Set(['transfer', 'fee', 'rent', 'memo']);

function claim({ effects }: EffectReport): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  const add = (asset: string, amount: bigint) => sums.set(asset, (sums.get(asset) ?? 0n) + amount);
  for (const effect of effects) {
    if (effect.kind === 'fee') add('SOL', effect.base + effect.priority);
    if (effect.kind === 'rent') add('SOL', effect.lamports);
    if (effect.kind === 'transfer' || effect.kind === 'burn') add(effect.asset, effect.amount);
  }
  return sums;
}

/** One attempt from the start of the world; throws when it costs or changes more than was said. */
function tryOut(message: Message): void {
  const report = readEffects([message], context);
  if (report.refusals.length > 0) {
    tally.refused += 1;
    return;
  }
  tally[attempt(message) === null ? 'landed' : 'failed'] += 1;
  const [after, claimed] = [takeSnapshot(chain), claim(report)];
  for (const [asset, lost] of lossesOf(before, after)) {
    tally.lost += 1;
    if (lost > (claimed.get(asset) ?? 0n)) throw new Error(`lost ${lost} of ${asset}, said ${claimed.get(asset)}`);
  }
  for (const [key, right] of before.rights) {
    const is = after.rights.get(key);
    if (is?.fixed === right.fixed && is.delegate === right.delegate) continue;
    tally.changed += 1;
    if (report.effects.every(({ kind }) => ordinary.has(kind))) throw new Error(`rights of ${key} changed unsaid`);
  }
}

t.test('nothing is lost or changed that the effects do not say', async (t) => {
  const orders = fc.constantFrom(signers, [signers[1], signers[0], signers[2]] as typeof signers);
  const property = fc.property(attempts, orders, (calls, order) => tryOut(buildMessage(order, calls)));
  const runs = Math.ceil(100_000 * scale);
  t.doesNotThrow(() => fc.assert(property, { seed: 2026, numRuns: runs }));
  t.comment(JSON.stringify(tally));
  for (const [what, count] of Object.entries(tally)) t.ok(count > runs / 100, `${count} ${what}`);
});
