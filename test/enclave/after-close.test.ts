/** What may still happen once a wallet has closed or retired, and what the next boot makes of it: tickets are signed, nothing is charged. */

import t from 'tap';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import { CHECKPOINT_EVERY } from '../../enclave/link/limits.ts';
import type { CommandBody, CommandName } from '../../enclave/link/schema/command.ts';
import type { WireLease } from '../../enclave/link/schema/lease.ts';
import { ownerHandlers } from '../../enclave/planes/owner.ts';
import { describeWallet } from '../../enclave/wallet/statement.ts';
import { signCommand } from './helpers.ts';
import type { Game } from './hostile-host/game.ts';
import { createGame } from './hostile-host/game.ts';
import { spend, start } from './hostile-host/host.ts';
import type { Instance } from './hostile-host/instance.ts';
import { store, WALLET, walletOf } from './hostile-host/instance.ts';
import { renew } from './hostile-host/owner.ts';
import { inGame } from './hostile-host/play.ts';
import { FEE } from './hostile-host/policies.ts';

const SPENT = 100_000n;
/** The first policy's slice, in lamports and in signatures. */
const SLICE = 400_000n;
const SIGNATURES = 6n;
const MESSAGE = new Uint8Array(64).fill(0xfe);

const last = (game: Game): Instance => game.instances.at(-1) as Instance;

/** Gives a command the next sequence number and sends it; whether it was taken. */
async function order<Name extends CommandName>(game: Game, name: Name, body: CommandBody<Name>): Promise<boolean> {
  const instance = last(game);
  const seq = walletOf(instance).commandSeq + 1;
  const signed = signCommand(instance.enclave, WALLET, name, body, { seq, notAfter: BigInt(game.site.now + 60_000) });
  try {
    await ownerHandlers(instance.enclave).command(signed);
    return true;
  } catch {
    return false;
  } finally {
    store(instance);
  }
}

/** The next boot, handed all that the last one stored. */
async function restart(game: Game): Promise<Instance> {
  await start(game, last(game).states.at(-1) ?? null);
  return last(game);
}

/** The charges of the lease the renewer gives to the last boot. */
async function chargesOfNextLease(game: Game): Promise<WireLease['charges']> {
  const before = game.mail.length;
  await renew(game, last(game));
  const sent = game.mail.slice(before).find(({ lease }) => lease !== null);
  if (sent === undefined) throw new Error('no lease');
  return (decodeCbor(sent.command.body) as unknown as CommandBody<'lease.grant'>).lease.charges;
}

/** Plays with a wallet that has a lease and has spent some of it. */
function play(folder: string, moves: (game: Game) => Promise<void>): Promise<Game> {
  return inGame(
    () => createGame(folder),
    async (game) => {
      await renew(game, last(game));
      spend(game, last(game), SPENT);
      await moves(game);
    },
  );
}

for (const end of ['close', 'wallet.retire'] as const) {
  t.test(`${end}, then a ticket: signed, and the next boot is charged nothing for either`, async (t) => {
    await play(t.testdir(), async (game) => {
      t.ok(await order(game, end, {}));
      t.ok(await order(game, 'sign', { message: MESSAGE }), 'the owner’s ticket is signed');
      t.notOk(await order(game, 'resume', {}), 'nothing else is');
      const next = await restart(game);
      const statement = describeWallet(next.enclave, walletOf(next));
      t.match(statement, { m: 1, mClosed: true, phase: end === 'close' ? 'sealed' : 'retired' });
      const spent = Object.fromEntries(statement.mSpent.map(({ asset, amount }) => [asset, amount]));
      t.same(spent, { SOL: SPENT + FEE, signatures: 1n });
      if (end === 'close') t.same(await chargesOfNextLease(game), []);
    });
  });
}

t.test('a ticket before a crash: what one slice had left unseen is charged, no more and no less', async (t) => {
  await play(t.testdir(), async (game) => {
    t.ok(await order(game, 'sign', { message: MESSAGE }));
    await restart(game);
    const charges = (await chargesOfNextLease(game)).map(({ asset, amount }) => [asset, amount]);
    t.same(Object.fromEntries(charges), { SOL: SLICE - SPENT - FEE, signatures: SIGNATURES - 1n });
  });
});

for (const [end, phase] of [
  ['close', 'sealed'],
  ['wallet.retire', 'retired'],
] as const) {
  for (const before of [1, 2, 3]) {
    t.test(`a checkpoint ${before} receipts after ${end} began: its end is known from it`, async (t) => {
      await play(t.testdir(), async (game) => {
        walletOf(last(game)).chain.sinceCheckpoint = CHECKPOINT_EVERY - before;
        t.ok(await order(game, end, {}));
        t.ok(await order(game, 'sign', { message: MESSAGE }));
        const next = await restart(game);
        t.match(describeWallet(next.enclave, walletOf(next)), { m: 1, mClosed: true, phase });
      });
    });
  }
}
