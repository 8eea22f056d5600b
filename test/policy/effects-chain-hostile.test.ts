/** Random transactions on a local chain: what our accounts really lose is at most what the effects say, and rights change only as they say. */

import fc from 'fast-check';
import type { LiteSVM } from 'litesvm';
import t from 'tap';
import { readU64 } from '../../policy/bytes.ts';
import type { EffectReport } from '../../policy/effects.ts';
import { readEffects } from '../../policy/effects.ts';
import { pubkeyFromBytes } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import type { Effect, Pubkey } from '../../policy/types.ts';
import { a, trySend } from './chain.ts';
import { attempts, context, fungibles, openWorld, ours, signers } from './hostile.ts';
import { buildMessage } from './messages.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** Where fields of a token account stand: mint, owner, amount, and from the delegate on what may be done with it. */
const AT = { owner: 32, amount: 64, delegate: 72, delegated: 121, closeAuthority: 129, end: 165 };

/** What our accounts hold of each asset: lamports wherever they are, tokens by mint. */
function holdings(chain: LiteSVM): Map<string, bigint> {
  const sums = new Map<string, bigint>([['SOL', 0n]]);
  const add = (asset: string, amount: bigint) => sums.set(asset, (sums.get(asset) ?? 0n) + amount);
  for (const key of ours) {
    const account = chain.getAccount(a(key));
    if (!account.exists) continue;
    add('SOL', account.lamports);
    if (account.data.length < AT.end) continue;
    const mint = pubkeyFromBytes(Uint8Array.from(account.data.subarray(0, AT.owner)));
    if (fungibles.includes(mint)) add(mint, readU64(Uint8Array.from(account.data), AT.amount));
  }
  return sums;
}

/** Who has which right over each account of ours: its program, and for token accounts all but amounts. */
function rights(chain: LiteSVM): Map<Pubkey, string> {
  return new Map(
    ours.flatMap((key) => {
      const account = chain.getAccount(a(key));
      if (!account.exists) return [];
      const { data, programAddress } = account;
      const fixed = [
        data.subarray(0, AT.amount),
        data.subarray(AT.delegate, AT.delegate + 37),
        data.subarray(AT.closeAuthority, AT.end),
      ];
      const parts = data.length < AT.end ? [data] : fixed;
      return [[key, [programAddress, ...parts.map((part) => Uint8Array.from(part).toHex())].join(' ')] as const];
    }),
  );
}

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

const ordinary: ReadonlySet<Effect['kind']> = new Set(['transfer', 'fee', 'rent', 'memo']);

interface Tally {
  landed: number;
  failed: number;
  refused: number;
  lost: number;
  changed: number;
}

/** One attempt from the start of the world; throws when it costs or changes more than was said. */
function attempt({ chain, reset }: ReturnType<typeof openWorld>, message: Message, tally: Tally): void {
  const report = readEffects([message], context);
  if (report.refusals.length > 0) {
    tally.refused += 1;
    return;
  }
  reset();
  const [before, rightsBefore] = [holdings(chain), rights(chain)];
  if (trySend(chain, message) === null) tally.landed += 1;
  else tally.failed += 1;
  const [after, rightsAfter, claimed] = [holdings(chain), rights(chain), claim(report)];
  for (const [asset, held] of before) {
    const lost = held - (after.get(asset) ?? 0n);
    if (lost > 0n) tally.lost += 1;
    if (lost > (claimed.get(asset) ?? 0n)) throw new Error(`lost ${lost} of ${asset}, said ${claimed.get(asset)}`);
  }
  for (const [key, right] of rightsBefore) {
    if (rightsAfter.get(key) === right) continue;
    tally.changed += 1;
    if (report.effects.every(({ kind }) => ordinary.has(kind))) throw new Error(`rights of ${key} changed unsaid`);
  }
}

t.test('nothing is lost or changed that the effects do not say', async (t) => {
  const world = openWorld();
  const tally: Tally = { landed: 0, failed: 0, refused: 0, lost: 0, changed: 0 };
  const payers = fc.constantFrom(0, 1);
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(attempts, payers, (calls, payer) => {
        const order = payer === 0 ? signers : [signers[1], signers[0], signers[2]].filter((key) => key !== undefined);
        attempt(world, buildMessage(order, calls), tally);
      }),
      { seed: 2026, numRuns: Math.ceil(100_000 * scale) },
    ),
  );
  t.comment(JSON.stringify(tally));
  for (const [what, count] of Object.entries(tally)) t.ok(count > 10, `${count} ${what}`);
});
