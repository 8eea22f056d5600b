/** What may still happen once a wallet has closed or retired, and what the next boot makes of it: tickets are signed, nothing is charged. */

import t from 'tap';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import { readPayload } from '../../enclave/link/commands.ts';
import { CHECKPOINT_EVERY } from '../../enclave/link/limits.ts';
import type { CommandBody, CommandName } from '../../enclave/link/schema/command.ts';
import type { WireLease } from '../../enclave/link/schema/lease.ts';
import { describeWallet } from '../../enclave/wallet/statement.ts';
import { signCommand } from './helpers.ts';
import type { Game } from './hostile-host.ts';
import { createGame } from './hostile-host.ts';

const SPENT = 100_000n;
const FEE = 5_000n;
const SLICE = 400_000n;
const MESSAGE = new Uint8Array(64).fill(0xfe);

type Instance = Game['instances'][number];

const last = (game: Game): Instance => game.instances.at(-1) as Instance;
const walletOf = ({ enclave }: Instance) => enclave.wallets.find('w');

/** Gives a command the next sequence number and sends it; what is refused leaves no receipt. */
async function order<Name extends CommandName>(game: Game, name: Name, body: CommandBody<Name>): Promise<boolean> {
  const instance = last(game);
  const [before, seq] = [walletOf(instance).chain.seq, walletOf(instance).commandSeq + 1];
  const signed = signCommand(instance.enclave, 'w', name, body, { seq, notAfter: BigInt(game.now + 60_000) });
  await game.deliver(instance, signed);
  return walletOf(instance).chain.seq > before;
}

/** The next boot, handed all that the last one stored. */
async function restart(game: Game): Promise<Instance> {
  const before = last(game);
  await game.start(before, before.states.length - 1);
  return last(game);
}

/** The charges of the lease the renewer gives to the last boot. */
async function chargesOfNextLease(game: Game): Promise<WireLease['charges']> {
  await game.renew(last(game), true);
  const sent = game.mail.at(-1);
  if (sent === undefined || !Buffer.from(readPayload(sent.envelope).boot).equals(last(game).enclave.boot))
    throw new Error('no lease');
  return (decodeCbor(sent.body) as unknown as CommandBody<'lease.grant'>).lease.charges;
}

async function startSpent(folder: string): Promise<Game> {
  const game = await createGame(folder, null);
  await game.renew(last(game), true);
  game.spend(last(game), SPENT);
  return game;
}

for (const end of ['close', 'wallet.retire'] as const) {
  t.test(`${end}, then a ticket: signed, and the next boot is charged nothing for either`, async (t) => {
    const game = await startSpent(t.testdir());
    t.ok(await order(game, end, {}));
    t.ok(await order(game, 'sign', { message: MESSAGE }), 'the owner’s ticket is signed');
    t.notOk(await order(game, 'resume', {}), 'nothing else is');
    const next = await restart(game);
    const statement = describeWallet(next.enclave, walletOf(next));
    t.match(statement, { m: 1, mClosed: true, mSpent: [{ asset: 'SOL', amount: SPENT + FEE }] });
    t.equal(statement.phase, end === 'close' ? 'sealed' : 'retired');
    if (end === 'close') t.same(await chargesOfNextLease(game), []);
  });
}

t.test('a ticket before a crash: what one slice had left unseen is charged, no more and no less', async (t) => {
  const game = await startSpent(t.testdir());
  t.ok(await order(game, 'sign', { message: MESSAGE }));
  await restart(game);
  t.match(await chargesOfNextLease(game), [{ asset: 'SOL', amount: SLICE - SPENT - FEE }]);
});

for (const [end, phase] of [
  ['close', 'sealed'],
  ['wallet.retire', 'retired'],
] as const) {
  for (const before of [1, 2, 3]) {
    t.test(`a checkpoint ${before} receipts after ${end} began: its end is known from it`, async (t) => {
      const game = await startSpent(t.testdir());
      const instance = last(game);
      walletOf(instance).chain.sinceCheckpoint = CHECKPOINT_EVERY - before;
      t.ok(await order(game, end, {}));
      t.ok(await order(game, 'sign', { message: MESSAGE }));
      const next = await restart(game);
      t.match(describeWallet(next.enclave, walletOf(next)), { m: 1, mClosed: true, phase });
    });
  }
}
