/** `reeve start`: the whole development stack on embedded defaults, until Ctrl-C. */

import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { usageError } from '../cli/failures.ts';
import type { Io } from '../cli/io.ts';
import { EXIT } from '../cli/io.ts';
import { callAgent } from './agent.ts';
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
      await waitForLease(stack);
      io.stdout.write(describeStack(stack, parties));
      io.stdout.write(await waitForEnd(stack, interrupted));
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

function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

async function waitForLease({ layout }: Stack): Promise<void> {
  const deadline = performance.now() + LEASE_MS;
  while (performance.now() < deadline) {
    const { body } = await callAgent(agentSocket(layout, DEMO_WALLET), 'GET', '/v1/wallet');
    if (body['phase'] === 'active') return;
    await delay(POLL_MS);
  }
}

/** Ends at Ctrl-C, or when one of the processes ends by itself. */
async function waitForEnd({ parts }: Stack, interrupted: Promise<void>): Promise<string> {
  const deaths = [...parts.values()].map(
    ({ name, process: child, logFile }) =>
      new Promise<string>((resolve) =>
        child.once('exit', () => resolve(`The ${name} ended by itself; see ${logFile}.\n`)),
      ),
  );
  return Promise.race([interrupted.then(() => '\nStopping.\n'), ...deaths]);
}

function describeStack(stack: Stack, { agent, shop, stranger }: Parties): string {
  const socket = relative('.', agentSocket(stack.layout, DEMO_WALLET));
  const pay = (to: string, amount: string) =>
    `curl --unix-socket ${socket} http://reeve/v1/transfer -H 'content-type: application/json' \\\n` +
    `    -d '{"id":"'$(date +%s%N)'","to":"${to}","asset":"SOL","amount":"${amount}","wait":30}'`;
  return `
Reeve is running. DEVELOPMENT MODE: the enclave, KMS and chain are simulated on this machine; nothing here guards real money.

  socket   ${socket}
  wallet   ${agent}
  chain    ${stack.chainUrl}
  owner    npx --no-install reeve owner status --profile ${relative('.', stack.layout.owner)}/profile.json

  pay      ${pay(shop, '1000000')}
  budget   curl --unix-socket ${socket} http://reeve/v1/budget
  refused  ${pay(stranger, '1000000')}

Ctrl-C stops everything.
`;
}
