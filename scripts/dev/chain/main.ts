/**
 * The development chain as a process of its own: `node scripts/dev/chain/main.ts --state DIR [--port N]`.
 * Prints one JSON line when it is ready, then one per fault on stderr; ends on SIGTERM or SIGINT with code 0. Exit 1: cannot start; 2: wrong use.
 */
import { parseArgs } from 'node:util';
import { startDevChain } from './chain.ts';

const USAGE = 'usage: node scripts/dev/chain/main.ts --state DIR [--port N]';

function readArguments(): { stateDir: string; port: number } | null {
  try {
    const { values } = parseArgs({ options: { state: { type: 'string' }, port: { type: 'string', default: '0' } } });
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : -1;
    return values.state === undefined || port < 0 || port > 65535 ? null : { stateDir: values.state, port };
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
  const chain = await startDevChain({ ...given, onFault });
  const stop = () => void chain.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { url, faucet, genesisHash, version } = chain;
  process.stdout.write(`${JSON.stringify({ url, faucet, genesisHash, version, simulated: true })}\n`);
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'The chain cannot start'}\n`);
  process.exit(1);
});
