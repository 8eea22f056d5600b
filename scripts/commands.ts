/** Every command of `reeve` in one table: its words are found there, its module is loaded, and nothing else. */

import { ERRORS, isReeveError } from '../enclave/link/errors.ts';
import type { Io, Run } from './cli/io.ts';
import { EXIT } from './cli/io.ts';

interface Entry {
  readonly words: string;
  readonly text: string;
  load(): Promise<{ run: Run }>;
}

const COMMANDS: readonly Entry[] = [
  { words: 'start', text: 'the whole development stack on embedded defaults', load: () => import('./stack/start.ts') },
  {
    words: 'demo',
    text: 'a scripted tour of a fresh stack; non-zero exit if a step is not what it should be',
    load: () => import('./stack/demo.ts'),
  },
  {
    words: 'enclave',
    text: 'the enclave of a development stack as its own process',
    load: () => import('./stack/enclave.ts'),
  },
  {
    words: 'host-proxy',
    text: 'the host side of one enclave: --config FILE',
    load: () => import('../host-proxy/main.ts'),
  },
  {
    words: 'health',
    text: 'asks a host proxy whether it and its enclave answer',
    load: () => import('./admin/health.ts'),
  },
  { words: 'owner', text: 'everything only an owner may do', load: () => import('./owner/main.ts') },
  {
    words: 'squads',
    text: 'the multisig on chain: create, limits, status, proposals',
    load: () => import('./squads/main.ts'),
  },
  {
    words: 'policy check',
    text: 'schema errors and dangerous shapes of a policy document',
    load: () => import('./policy/check.ts'),
  },
  {
    words: 'policy evaluate',
    text: 'what a policy says to a transaction, by the very functions the enclave runs',
    load: () => import('./policy/evaluate.ts'),
  },
  {
    words: 'policy explain',
    text: 'a transaction in plain words and the rule that decides',
    load: () => import('./policy/explain.ts'),
  },
  {
    words: 'attestation verify',
    text: 'verifies an attestation document offline',
    load: () => import('./attestation/verify.ts'),
  },
  {
    words: 'attestation key-policy',
    text: 'the KMS key policy of a sealing or role key, and whether a key has it',
    load: () => import('./attestation/key-policy.ts'),
  },
  { words: 'image build', text: 'the enclave image from this checkout', load: () => import('./image/build.ts') },
  {
    words: 'image measure',
    text: 'the PCRs of an enclave image, whoever made it',
    load: () => import('./image/measure.ts'),
  },
  {
    words: 'audit prune',
    text: 'moves old receipts out of a store',
    load: () => import('./audit/prune.ts'),
  },
  { words: 'audit verify', text: 'checks a chain of receipts offline', load: () => import('./audit/verify.ts') },
  {
    words: 'dev programs',
    text: 'fetches the audited Squads program into a cache, for tests and the development chain',
    load: () => import('./dev/programs-command.ts'),
  },
  { words: 'admin send', text: 'sends a command that was signed elsewhere', load: () => import('./admin/send.ts') },
];

/** Runs one command line. Exit 0: done; 1: refused or failed; 2: wrong use. */
export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  const entry = COMMANDS.find(({ words }) => startsWith(argv, words.split(' ')));
  if (entry === undefined) {
    (argv.length === 0 || argv[0] === '--help' ? io.stdout : io.stderr).write(usage(argv));
    return argv[0] === '--help' ? 0 : EXIT.usage;
  }
  try {
    const { run } = await entry.load();
    return await run(argv.slice(entry.words.split(' ').length), io);
  } catch (error) {
    if (!isReeveError(error)) throw error;
    io.stderr.write(`reeve ${entry.words}: ${error.code}: ${error.message}\n`);
    return ERRORS[error.code].number === ERRORS.usage.number ? EXIT.usage : 1;
  }
}

function startsWith(argv: readonly string[], words: readonly string[]): boolean {
  return words.every((word, index) => argv[index] === word);
}

function usage(argv: readonly string[]): string {
  const wrong =
    argv.length === 0 || argv[0] === '--help' ? '' : `reeve: there is no command "${argv.slice(0, 2).join(' ')}"\n\n`;
  const rows = COMMANDS.map(({ words, text }) => `  reeve ${words.padEnd(20)} ${text}`);
  return `${wrong}Usage: reeve COMMAND [OPTIONS]   (each takes --help)\n\n${rows.join('\n')}\n`;
}
