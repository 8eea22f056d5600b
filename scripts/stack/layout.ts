/** Where a development stack keeps what it has: one folder, nothing outside it. */

import { join, resolve } from 'node:path';
import { SOCKET_PATH_BYTES } from '../../enclave/link/address.ts';
import { ReeveError } from '../../enclave/link/errors.ts';

/** The wallet `reeve start` creates. */
export const DEMO_WALLET = 'demo';

export interface Layout {
  readonly root: string;
  /** The bundle, its trust file, the bundled host proxy. */
  readonly image: string;
  /** Sockets of the enclave and its machine, the admin and renewer sockets. */
  readonly run: string;
  /** The host proxy's store. */
  readonly store: string;
  /** Agents' sockets, one folder a wallet. */
  readonly sockets: string;
  /** The owner's profile, witness and copies. */
  readonly owner: string;
  /** Simulated AWS and chain. */
  readonly aws: string;
  readonly chain: string;
  readonly logs: string;
}

/** The layout below `folder`. Refuses a folder so deep that its sockets could not be opened. */
export function layoutStack(folder: string): Layout {
  const root = resolve(folder);
  const at = (name: string) => join(root, name);
  const longest = Buffer.byteLength(join(at('sockets'), DEMO_WALLET, 'agent.sock'));
  if (longest > SOCKET_PATH_BYTES) {
    throw new ReeveError('address-malformed', {
      what: `the folder ${root} is too deep for Unix sockets`,
      limit: SOCKET_PATH_BYTES,
      observed: longest,
    });
  }
  return {
    root,
    image: at('image'),
    run: at('run'),
    store: at('store'),
    sockets: at('sockets'),
    owner: at('owner'),
    aws: at('aws'),
    chain: at('chain'),
    logs: at('logs'),
  };
}

export function agentSocket(layout: Layout, wallet: string): string {
  return join(layout.sockets, wallet, 'agent.sock');
}
