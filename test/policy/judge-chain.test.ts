/** Transactions that a policy allows, executed on a local chain: what our accounts really lost is at most what was charged, asset by asset. */
import fc from 'fast-check';
import t from 'tap';
import { policies } from './broad.ts';
import { agent } from './chain.ts';
import { sensible, single, systemMakers, tokenMakers } from './hostile.ts';
import { extendWorld, forms, messageIn, otherMakers, seedMakers, sequences, stakeMakers } from './hostile-rest.ts';
import { openWorld, signers } from './hostile-world.ts';
import { lossesOf, takeSnapshot, unsaidChanges } from './losses.ts';
import { ask } from './policies.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const makers = [...tokenMakers, ...systemMakers, ...seedMakers, ...stakeMakers, ...otherMakers];

const calls = fc.oneof(
  fc.array(single(makers, sensible), { minLength: 1, maxLength: 2 }),
  sensible.chain((draw) => fc.constantFrom(...sequences(draw))),
);

t.test('what is really lost is at most what was charged', async (t) => {
  const { chain, attempt } = openWorld(extendWorld);
  const before = takeSnapshot(chain);
  const tally = { landed: 0, failed: 0, closed: 0, exact: 0 };
  const property = fc.property(fc.constantFrom('broad', 'plain'), forms, calls, (policy, form, list) => {
    const message = messageIn(form, signers, list);
    const { decision, charges, effects } = ask(policies[policy], [message], { agent });
    fc.pre(decision === 'allow');
    const landed = attempt(message) === null;
    tally[landed ? 'landed' : 'failed'] += 1;
    const after = takeSnapshot(chain);
    for (const [asset, lost] of lossesOf(before, after)) {
      const charged = charges.find((charge) => charge.asset === asset)?.amount ?? 0n;
      if (lost > charged) throw new Error(`lost ${lost} of ${asset}, charged ${charged}`);
      if (lost === charged && landed) tally.exact += 1;
    }
    if (after.rights.size < before.rights.size) tally.closed += 1;
    return unsaidChanges(before, after, effects).length === 0;
  });
  const runs = Math.max(2_000, Math.ceil(20_000 * scale));
  t.doesNotThrow(() => fc.assert(property, { seed: 2028, numRuns: runs }));
  t.comment(JSON.stringify(tally));
  t.ok(tally.landed > runs / 3, `${tally.landed} of ${runs} landed`);
  t.ok(tally.exact > runs / 5, `${tally.exact} losses were charged to the unit`);
  t.ok(tally.closed > 0, `${tally.closed} closed an account of ours`);
});
