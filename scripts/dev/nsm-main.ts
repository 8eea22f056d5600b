/**
 * The simulated NSM as a process of its own: `node scripts/dev/nsm-main.ts --state DIR --socket PATH --pcr0 HEX --pcr1 HEX --pcr2 HEX`.
 * Ends on SIGTERM with code 0.
 */

import { parseArgs } from 'node:util';
import { startSimulatedNsm } from './nsm.ts';

const { values } = parseArgs({
  options: {
    state: { type: 'string' },
    socket: { type: 'string' },
    pcr0: { type: 'string' },
    pcr1: { type: 'string' },
    pcr2: { type: 'string' },
  },
});
const { state: stateDir, socket: socketPath, pcr0, pcr1, pcr2 } = values;
if (
  stateDir === undefined ||
  socketPath === undefined ||
  pcr0 === undefined ||
  pcr1 === undefined ||
  pcr2 === undefined
) {
  process.stderr.write(
    'usage: node scripts/dev/nsm-main.ts --state DIR --socket PATH --pcr0 HEX --pcr1 HEX --pcr2 HEX\n',
  );
  process.exit(2);
}
const pcrs = { 0: Buffer.from(pcr0, 'hex'), 1: Buffer.from(pcr1, 'hex'), 2: Buffer.from(pcr2, 'hex') };
const nsm = await startSimulatedNsm({ socketPath, stateDir, pcrs });
process.stdout.write(`${JSON.stringify({ socket: socketPath, root: nsm.rootFingerprint, simulated: true })}\n`);
process.once('SIGTERM', () => void nsm.close().then(() => process.exit(0)));
