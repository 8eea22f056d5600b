/** The policies a wallet had: canonical bytes and the signed command that set each, kept by hash. */

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cbor } from '../../enclave/link/cbor.ts';
import { decodeCbor, encodeCbor } from '../../enclave/link/cbor.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Envelope } from '../../enclave/link/schema/command.ts';
import { isValid } from '../../enclave/link/validators.ts';
import { readIfPresent, syncDirectory, writeFileDurably } from './files.ts';
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
  const directory = join(wallet.directory, 'policies');
  const hash = createHash('sha256').update(policy).digest('hex');
  const command = join(directory, `${hash}.${readVersion(body)}.command`);
  const before = await readIfPresent(command);
  await writeFileDurably(join(directory, `${hash}.json`), policy);
  await writeFileDurably(command, encodeCbor({ envelope, body } as unknown as Cbor));
  return async () => {
    if (before !== null) return writeFileDurably(command, before);
    await rm(command, { force: true });
    await syncDirectory(directory);
  };
}

/** Kept policies of this hash, the newest version first; of every hash without one. */
export async function readPolicies(wallet: WalletStore, hash?: string): Promise<SetPolicy[]> {
  const names = await readdir(join(wallet.directory, 'policies'));
  const parts = names.map((name) => COMMAND_FILE.exec(name)).filter((part) => part !== null);
  const wanted = parts.filter(([, own]) => hash === undefined || own === hash);
  wanted.sort((a, b) => Number(b[2]) - Number(a[2]));
  return Promise.all(wanted.map(([name, own = '', version]) => readPolicy(wallet, name, own, Number(version))));
}

async function readPolicy(wallet: WalletStore, name: string, hash: string, version: number): Promise<SetPolicy> {
  const directory = join(wallet.directory, 'policies');
  const policy = await readIfPresent(join(directory, `${hash}.json`));
  const command = await readIfPresent(join(directory, name));
  const { envelope, body } = decodeCbor(command ?? new Uint8Array()) as { envelope?: unknown; body?: unknown };
  if (policy === null || !isValid('Envelope', envelope) || !(body instanceof Uint8Array))
    throw new ReeveError('store-damaged', { wallet: wallet.name, what: name });
  return { hash, version, policy: new Uint8Array(policy), envelope, body };
}

function readVersion(body: Uint8Array): number {
  const { version } = decodeCbor(body) as { version?: unknown };
  return typeof version === 'number' ? version : FIRST_VERSION;
}
