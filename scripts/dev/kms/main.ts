/**
 * The development KMS as a process of its own: `node scripts/dev/kms/main.ts --state DIR --nsm-state DIR --port N`.
 * With `--accept-unsigned-documents` it takes the documents of an emulated NSM, which anybody can write, and those alone.
 * Its authority stands in `kms-ca.pem` of the state folder before it listens; ends on SIGTERM with code 0.
 */

import { parseArgs } from 'node:util';
import { UNSIGNED_EMULATION } from '../../../attestation/verify.ts';
import { loadNsmRoot } from '../nsm.ts';
import { startDevKms } from './server.ts';

const { values } = parseArgs({
  options: {
    state: { type: 'string' },
    'nsm-state': { type: 'string' },
    port: { type: 'string', default: '0' },
    'accept-unsigned-documents': { type: 'boolean', default: false },
  },
});
const stateDir = values.state;
const nsmState = values['nsm-state'];
if (stateDir === undefined || nsmState === undefined) {
  process.stderr.write('usage: node scripts/dev/kms/main.ts --state DIR --nsm-state DIR [--port N]\n');
  process.exit(2);
}
const nsmRoot = values['accept-unsigned-documents'] ? UNSIGNED_EMULATION : loadNsmRoot(nsmState).certificate;
const kms = await startDevKms({ port: Number(values.port), stateDir, nsmRootDer: nsmRoot });
process.stdout.write(`${JSON.stringify({ endpoint: kms.endpoint, simulated: true })}\n`);
process.once('SIGTERM', () => void kms.close().then(() => process.exit(0)));
