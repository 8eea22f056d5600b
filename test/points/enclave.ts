/** The enclave with points around everything it sends; arguments as the enclave's own. */

import { readArguments } from '../../enclave/arguments.ts';
import { createLog } from '../../enclave/log.ts';
import { startEnclave } from '../../enclave/start.ts';
import { listenForOrders, pointSockets } from './points.ts';

pointSockets();
listenForOrders();
await startEnclave(
  readArguments(process.argv.slice(2)),
  createLog((line) => void process.stderr.write(line)),
);
