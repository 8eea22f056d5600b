/**
 * Hostile transactions of every instruction there is, in every form, under policies that allow as much as they can: of what the engine allows,
 * nothing costs our accounts more on a local chain than was charged, and no right over them changes that the policy does not name.
 */
import fc from 'fast-check';
import t from 'tap';
import { policies } from './broad.ts';
import { agent } from './chain.ts';
import { attempts, sensible, single } from './hostile.ts';
import type { Form } from './hostile-rest.ts';
import { extendWorld, forms, messageIn, otherMakers, seedMakers, sequences, stakeMakers } from './hostile-rest.ts';
import { openWorld, signers } from './hostile-world.ts';
import { lossesOf, takeSnapshot, unsaidChanges } from './losses.ts';
import type { Call } from './messages.ts';
import { ask } from './policies.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const { chain, attempt } = openWorld(extendWorld);
const before = takeSnapshot(chain);
const tally = { allowed: 0, refused: 0, landed: 0, failed: 0, lost: 0, changed: 0 };

/** One attempt from the start of the world; throws when what is allowed costs or changes more than the judgement says. */
function tryOut(policy: keyof typeof policies, form: Form, order: typeof signers, calls: readonly Call[]): void {
  const message = messageIn(form, order, calls);
  const { decision, charges, effects } = ask(policies[policy], [message], { agent });
  tally[decision === 'allow' ? 'allowed' : 'refused'] += 1;
  if (decision !== 'allow') return;
  tally[attempt(message) === null ? 'landed' : 'failed'] += 1;
  const after = takeSnapshot(chain);
  const losses = lossesOf(before, after);
  for (const [asset, lost] of losses) {
    const charged = charges.find((charge) => charge.asset === asset)?.amount ?? 0n;
    if (lost > charged) throw new Error(`lost ${lost} of ${asset}, charged ${charged}`);
  }
  const unsaid = unsaidChanges(before, after, effects);
  if (unsaid.length > 0) throw new Error(`rights of ${unsaid.join(', ')} changed unsaid`);
  if (losses.size > 0) tally.lost += 1;
  if ([...before.rights].some(([key, { delegate }]) => after.rights.get(key)?.delegate !== delegate))
    tally.changed += 1;
}

const rare = fc
  .oneof(single(seedMakers), single(stakeMakers), single(otherMakers))
  .map((call): readonly Call[] => [call]);
const several = sensible.chain((draw) => fc.constantFrom(...sequences(draw)));
const some = fc.oneof({ weight: 3, arbitrary: attempts }, rare, several);
/** One kind, or two mixed in any order. */
const calls = fc.oneof(
  some,
  fc.tuple(some, some).chain((parts) => {
    const list = parts.flat();
    return fc.shuffledSubarray(list, { minLength: list.length });
  }),
);

t.test('what is allowed costs at most what is charged, and changes no right that is not named', async (t) => {
  const orders = fc.constantFrom(signers, [signers[1], signers[0], signers[2]] as typeof signers);
  const property = fc.property(fc.constantFrom('broad', 'broad', 'plain'), forms, orders, calls, tryOut);
  const runs = Math.max(2_000, Math.ceil(20_000 * scale));
  t.doesNotThrow(() => fc.assert(property, { seed: 2027, numRuns: runs }));
  t.comment(JSON.stringify(tally));
  for (const [what, count] of Object.entries(tally)) t.ok(count > runs / 100, `${count} ${what}`);
});
