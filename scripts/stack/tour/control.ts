/** Demo steps: pause, restarts, and what a host that cheats gains. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run as sendCommand } from '../../admin/send.ts';
import { run as verifyAudit } from '../../audit/verify.ts';
import { DEMO_WALLET } from '../layout.ts';
import { runJson } from '../owner.ts';
import { profilePath } from '../setup.ts';
import { startEnclave, startHostProxy } from '../stack.ts';
import type { Step, Tour } from './tour.ts';
import {
  expect,
  lease,
  mustBeOwner,
  mustPay,
  pay,
  readSolBudget,
  readWallet,
  sol,
  storeFolder,
  waitForPhase,
} from './tour.ts';

function adminAddress({ stack }: Tour): string {
  return `unix:${join(stack.layout.run, 'admin.sock')}`;
}

async function expectSilence(tour: Tour, id: string): Promise<string> {
  const { status, body } = await pay(tour, { id, to: tour.parties.shop, amount: '1000000' });
  expect(status !== 200 && status !== 202, 'no signature', body);
  return String(body['code']);
}

const pause: Step = {
  text: 'The owner pauses: nothing is signed; resumes: payments go on',
  async run(tour) {
    await mustBeOwner(tour, 'pause', DEMO_WALLET);
    const code = await expectSilence(tour, 'while-paused');
    await mustBeOwner(tour, 'resume', DEMO_WALLET);
    await lease(tour);
    await mustPay(tour, { id: 'after-pause', to: tour.parties.shop, amount: '1000000' });
    return `paused: ${code}`;
  },
};

const orderlyRestart: Step = {
  text: 'Stopped in order and started: same address, silent until leased, budgets as before, nothing lost',
  async run(tour) {
    const { parts } = tour.stack;
    const before = await readSolBudget(tour);
    await parts.get('host-proxy')?.stop();
    await parts.get('enclave')?.stop();
    await startEnclave(tour.stack);
    await startHostProxy(tour.stack);
    await waitForPhase(tour, 'sealed');
    expect((await readWallet(tour)).address === tour.parties.agent, tour.parties.agent, 'another address');
    const code = await expectSilence(tour, 'before-lease');
    await lease(tour);
    const after = await readSolBudget(tour);
    expect(
      after.spent === before.spent && after.unseen === 0n,
      `spent ${before.spent}, unseen 0`,
      after.spent.toString(),
    );
    await mustPay(tour, { id: 'after-restart', to: tour.parties.shop, amount: '1000000' });
    return `before the lease: ${code}; spent today ${sol(after.spent)}, unseen 0`;
  },
};

const crash: Step = {
  text: 'Killed and restarted: what its last lease could have spent unseen counts as spent',
  async run(tour) {
    const before = await readSolBudget(tour);
    await tour.stack.parts.get('enclave')?.kill();
    await startEnclave(tour.stack);
    await waitForPhase(tour, 'sealed');
    await lease(tour);
    const after = await readSolBudget(tour);
    expect(after.unseen > 0n && after.spent >= before.spent, 'an unseen charge', after.unseen.toString());
    await mustPay(tour, { id: 'after-crash', to: tour.parties.shop, amount: '1000000' });
    return `unseen ${sol(after.unseen)} on top of ${sol(before.spent)} spent`;
  },
};

const replay: Step = {
  text: 'An owner command sent a second time is refused',
  async run(tour) {
    const file = join(tour.stack.layout.owner, 'pause.command');
    await mustBeOwner(tour, 'pause', DEMO_WALLET, '--out', file);
    const first = await runJson(sendCommand, [file, '--admin', adminAddress(tour)]);
    const second = await runJson(sendCommand, [file, '--admin', adminAddress(tour)]);
    const { code } = (second.value['error'] ?? {}) as { code?: string };
    expect(first.code === 0 && second.code === 1 && code === 'command-replayed', 'command-replayed', [
      first.text,
      second.text,
    ]);
    await mustBeOwner(tour, 'resume', DEMO_WALLET);
    return String(code);
  },
};

const audit: Step = {
  text: 'All receipts are verified offline, against the head the enclave attests',
  async run(tour) {
    const receipts = ['--receipts', join(storeFolder(tour), 'receipts')];
    const head = ['--attest', '--admin', adminAddress(tour), '--profile', profilePath(tour.stack)];
    const { code, value, text } = await runJson(verifyAudit, [DEMO_WALLET, ...receipts, ...head]);
    expect(code === 0 && value['tailProven'] === true, 'a whole chain', text);
    return `${value['receipts']} receipts, complete up to their head`;
  },
};

const restore: Step = {
  text: 'The store is deleted and brought back from the owner’s copy: same address, windows full until the past cannot matter',
  async run(tour) {
    const { parts, layout } = tour.stack;
    await parts.get('host-proxy')?.stop();
    await parts.get('enclave')?.stop();
    rmSync(layout.store, { recursive: true });
    await startEnclave(tour.stack);
    await startHostProxy(tour.stack);
    await mustBeOwner(tour, 'restore', DEMO_WALLET);
    await waitForPhase(tour, 'sealed');
    const { address } = await readWallet(tour);
    expect(address === tour.parties.agent, tour.parties.agent, address);
    await lease(tour, '--recover-lost');
    const { status, body } = await pay(tour, { id: 'too-soon', to: tour.parties.shop, amount: '1000000' });
    expect(status === 403, 'a refusal', body);
    return `${address}; ${(body['violations'] as { code: string }[])[0]?.code}`;
  },
};

export const CONTROL_STEPS: readonly Step[] = [pause, orderlyRestart, crash, replay, audit, restore];
