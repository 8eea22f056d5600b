/** The policies a wallet had: canonical bytes and the signed command that set each, kept by hash. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Cbor } from '../../enclave/link/cbor.ts';
import { decodeCbor, encodeCbor } from '../../enclave/link/cbor.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Envelope } from '../../enclave/link/schema/command.ts';
import { isValid } from '../../enclave/link/validators.ts';
import { readIfPresent, writeFileDurably } from './durable.ts';
import type { WalletStore } from './wallet.ts';

/** A policy with the owner's command that set it. */
export interface SetPolicy {
  /** SHA-256 of the canonical bytes, hex. */
  readonly hash: string;
  readonly version: number;
  readonly policy: Uint8Array;
  readonly envelope: Envelope;
  readonly body: Uint8Array;
}

/** The version `wallet.create` sets; `policy.set` says its own. */
const FIRST_VERSION = 1;
const COMMAND_FILE = /^([0-9a-f]{64})\.([0-9]+)\.command$/;

/** Keeps a policy and its command, durable when it resolves. Returns how to take it back should the enclave refuse the command. */
export async function keepPolicy(
  wallet: WalletStore,
  policy: Uint8Array,
  envelope: Envelope,
  body: Uint8Array,
): Promise<() => Promise<void>> {
  const { files } = wallet;
  const directory = join(wallet.directory, 'policies');
  const hash = createHash('sha256').update(policy).digest('hex');
  const command = join(directory, `${hash}.${readVersion(body)}.command`);
  const before = await readIfPresent(files, command);
  await writeFileDurably(files, join(directory, `${hash}.json`), policy);
  await writeFileDurably(files, command, encodeCbor({ envelope, body } as unknown as Cbor));
  return async () => {
    if (before !== null) return writeFileDurably(files, command, before);
    await files.remove(command);
    await files.syncFolder(directory);
  };
}

/** Kept policies of this hash, the newest version first; of every hash without one. */
export async function readPolicies(wallet: WalletStore, hash?: string): Promise<SetPolicy[]> {
  const names = await wallet.files.list(join(wallet.directory, 'policies'));
  const parts = names.map((name) => COMMAND_FILE.exec(name)).filter((part) => part !== null);
  const wanted = parts.filter(([, own]) => hash === undefined || own === hash);
  wanted.sort((a, b) => Number(b[2]) - Number(a[2]));
  return Promise.all(wanted.map(([name, own = '', version]) => readPolicy(wallet, name, own, Number(version))));
}

async function readPolicy(wallet: WalletStore, name: string, hash: string, version: number): Promise<SetPolicy> {
  const directory = join(wallet.directory, 'policies');
  const policy = await readIfPresent(wallet.files, join(directory, `${hash}.json`));
  const command = await readIfPresent(wallet.files, join(directory, name));
  const { envelope, body } = decodeCbor(command ?? new Uint8Array()) as { envelope?: unknown; body?: unknown };
  if (policy === null || !isValid('Envelope', envelope) || !(body instanceof Uint8Array))
    throw new ReeveError('store-damaged', { wallet: wallet.name, what: name });
  return { hash, version, policy: new Uint8Array(policy), envelope, body };
}

function readVersion(body: Uint8Array): number {
  const { version } = decodeCbor(body) as { version?: unknown };
  return typeof version === 'number' ? version : FIRST_VERSION;
}
