/** `reeve start`: the whole development stack on embedded defaults, until Ctrl-C. */

import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ReeveError } from '../../enclave/link/errors.ts';
import { usageError } from '../cli/failures.ts';
import type { Io } from '../cli/io.ts';
import { EXIT } from '../cli/io.ts';
import { callAgent } from './agent.ts';
import type { Child } from './children.ts';
import { agentSocket, DEMO_WALLET, layoutStack } from './layout.ts';
import { holdStack } from './lock.ts';
import { renewerAddress, startRenewer } from './renewer.ts';
import type { Parties } from './setup.ts';
import { setUpOwner, setUpWallet } from './setup.ts';
import type { Stack } from './stack.ts';
import { startStack, stopStack } from './stack.ts';

const USAGE = `usage: reeve start [--state FOLDER]

  Starts simulated AWS (NSM, KMS), a local chain, the enclave, the host proxy and a renewer, with one wallet that can pay at once.
  --state FOLDER   where everything is kept (.reeve); a second start takes it up
`;

/** How long the first lease may take, milliseconds. */
const LEASE_MS = 20_000;
const POLL_MS = 50;

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(argv);
  if (values.help === true) {
    io.stdout.write(USAGE);
    return EXIT.done;
  }
  const layout = layoutStack(values.state ?? '.reeve');
  const release = await holdStack(layout);
  const interrupted = waitForSignal();
  try {
    const stack = await startStack(layout);
    try {
      await setUpOwner(stack, renewerAddress(stack));
      await startRenewer(stack);
      const parties = await setUpWallet(stack);
      io.stdout.write(describeStack(stack, parties, await waitForLease(stack)));
      const dead = await waitForEnd(stack, interrupted);
      if (dead !== null) throw new ReeveError('stack-failed', { process: dead.name, log: dead.logFile });
      io.stdout.write('\nStopping.\n');
    } finally {
      await stopStack(stack);
    }
    io.stdout.write('Stopped. Start again to go on where this ended.\n');
    return EXIT.done;
  } finally {
    release();
  }
}

function readOptions(argv: readonly string[]): { values: { state?: string; help?: boolean } } {
  try {
    return parseArgs({ args: [...argv], options: { state: { type: 'string' }, help: { type: 'boolean' } } });
  } catch (cause) {
    throw usageError((cause as Error).message);
  }
}

/** The signal is taken for good: Ctrl-C reaches a launcher too, which passes it on, and the second must not end this process before its children. */
function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}

/** The wallet's phase once it is leased; what it is instead when that takes too long (an owner may have paused it). */
async function waitForLease({ layout }: Stack): Promise<string> {
  const deadline = performance.now() + LEASE_MS;
  for (;;) {
    const { body } = await callAgent(agentSocket(layout, DEMO_WALLET), 'GET', '/v1/wallet');
    const phase = String(body['phase']);
    if (phase === 'active' || performance.now() > deadline) return phase;
    await delay(POLL_MS);
  }
}

/** Ends at Ctrl-C with null, or with the process that ended by itself. */
async function waitForEnd({ parts }: Stack, interrupted: Promise<void>): Promise<Child | null> {
  const deaths = [...parts.values()].map(
    (child) => new Promise<Child>((resolve) => child.process.once('exit', () => resolve(child))),
  );
  return Promise.race([interrupted.then(() => null), ...deaths]);
}

function describeStack(stack: Stack, { agent, shop, stranger }: Parties, phase: string): string {
  const socket = relative('.', agentSocket(stack.layout, DEMO_WALLET));
  const pay = (to: string, amount: string) =>
    `curl --unix-socket ${socket} http://reeve/v1/transfer -H 'content-type: application/json' \\\n` +
    `    -d '{"id":"'$(date +%s%N)'","to":"${to}","asset":"SOL","amount":"${amount}","wait":30}'`;
  return `
Reeve is running. DEVELOPMENT MODE: the enclave, KMS and chain are simulated on this machine; nothing here guards real money.

  socket   ${socket}
  wallet   ${agent} (${phase})
  chain    ${stack.chainUrl}
  owner    npx --no-install reeve owner status --profile ${relative('.', stack.layout.owner)}/profile.json

  pay      ${pay(shop, '1000000')}
  budget   curl --unix-socket ${socket} http://reeve/v1/budget
  refused  ${pay(stranger, '1000000')}

Ctrl-C stops everything.
`;
}
