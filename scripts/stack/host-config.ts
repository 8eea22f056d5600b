/** The host proxy's configuration for a development stack. */

import { join } from 'node:path';
import { devCredentials } from '../dev/kms/server.ts';
import type { Stack } from './stack.ts';

/** The KMS host the enclave asks for, and where the relay really connects. */
const KMS_HOST = 'kms.eu-central-1.amazonaws.com';

export function writeHostConfig({ layout, ports, chainUrl }: Pick<Stack, 'layout' | 'ports' | 'chainUrl'>): string {
  const at = (name: string) => join(layout.run, `${name}.sock`);
  const config = {
    enclave: { agent: `unix:${at('agent')}`, owner: `unix:${at('owner')}` },
    store: layout.store,
    sockets: { directory: layout.sockets },
    admin: at('admin'),
    kms: { relay: at('kms'), endpoints: { [KMS_HOST]: `127.0.0.1:${ports.kms}` } },
    credentials: devCredentials,
    rpc: chainUrl,
    logLevel: 'debug',
    closeOnExit: true,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
