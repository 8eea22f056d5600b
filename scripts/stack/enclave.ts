/** `reeve enclave`: a bundled enclave as its own process, under the same flags as in an image. In an image the machine program does this. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { usageError } from '../cli/failures.ts';
import type { Io } from '../cli/io.ts';
import { EXIT } from '../cli/io.ts';
import { enclaveArguments, withoutCoreDumps } from './enclave-flags.ts';

const USAGE = `usage: reeve enclave --image FOLDER --run FOLDER

  --image FOLDER   enclave.mjs and trust, as \`reeve start\` builds them into .reeve/image
  --run FOLDER     where agent.sock and owner.sock are made, and nsm.sock and kms.sock are found
`;

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { image, run: folder, help } = readOptions(argv);
  if (help === true) {
    io.stdout.write(USAGE);
    return EXIT.done;
  }
  if (image === undefined || folder === undefined) throw usageError('--image and --run are needed');
  const child = spawn(...withoutCoreDumps(process.execPath, enclaveArguments(resolve(image), resolve(folder))), {
    env: {},
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0 ? EXIT.done : EXIT.failed;
}

function readOptions(argv: readonly string[]): { image?: string; run?: string; help?: boolean } {
  try {
    const options = { image: { type: 'string' }, run: { type: 'string' }, help: { type: 'boolean' } } as const;
    return parseArgs({ args: [...argv], options }).values;
  } catch (cause) {
    throw usageError((cause as Error).message);
  }
}
