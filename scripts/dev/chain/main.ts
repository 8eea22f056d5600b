/**
 * The development chain as a process of its own: `node scripts/dev/chain/main.ts --state DIR [--port N] [--programs DIR]`.
 * Prints one JSON line when it is ready, then one per fault on stderr; ends on SIGTERM or SIGINT with code 0. Exit 1: cannot start; 2: wrong use.
 */
import { parseArgs } from 'node:util';
import { loadSquads } from '../programs.ts';
import { startDevChain } from './chain.ts';

const USAGE = 'usage: node scripts/dev/chain/main.ts --state DIR [--port N] [--programs DIR]';

function readArguments(): { stateDir: string; port: number; programs: string | undefined } | null {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({ options: { state: text, port: { ...text, default: '0' }, programs: text } });
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : -1;
    if (values.state === undefined || port < 0 || port > 65535) return null;
    return { stateDir: values.state, port, programs: values.programs };
  } catch {
    return null;
  }
}

async function run(): Promise<void> {
  const given = readArguments();
  if (given === null) {
    process.stderr.write(`${USAGE}\n`);
    process.exit(2);
  }
  const onFault = (method: string, error: unknown) => {
    process.stderr.write(
      `${JSON.stringify({ level: 'error', component: 'dev-chain', method, error: String(error) })}\n`,
    );
  };
  const { stateDir, port, programs } = given;
  const squads = programs === undefined ? null : loadSquads(programs);
  const chain = await startDevChain({ stateDir, port, squads, onFault });
  const stop = () => void chain.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { url, faucet, genesisHash, version } = chain;
  process.stdout.write(
    `${JSON.stringify({ url, faucet, genesisHash, version, squads: squads !== null, simulated: true })}\n`,
  );
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'The chain cannot start'}\n`);
  process.exit(1);
});
