/** The enclave process. Exit codes: 0 stopped in order, 1 does not come up. */

import { readArguments } from './arguments.ts';
import { isReeveError } from './link/errors.ts';
import { createLog, describeFault } from './log.ts';
import { startEnclave } from './start.ts';

const log = createLog((line) => void process.stderr.write(line));

// What nobody expected ends the process: a restart is silent until leased, going on in an unknown state is not.
process.once('uncaughtException', (error) => {
  log.error('enclave-failed', describeFault(error));
  process.exit(1);
});

try {
  const enclave = await startEnclave(readArguments(process.argv.slice(2)), log);
  const stop = async (): Promise<void> => {
    await enclave.stop();
    log.info('enclave-stopped');
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
} catch (error) {
  if (isReeveError(error)) log.error('startup-failed', { code: error.code, text: error.message });
  else log.error('startup-failed', describeFault(error));
  process.exit(1);
}
