/** The keys of the development KMS: made once, kept in one file of mode 0600 that is replaced whole at every change. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from './faults.ts';

/** The account every development key belongs to. */
export const ACCOUNT = '000000000000';

export type KeySpec = 'SYMMETRIC_DEFAULT' | 'ECC_NIST_EDWARDS25519';

export interface KmsKey {
  readonly id: string;
  readonly arn: string;
  readonly spec: KeySpec;
  readonly description: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly enabled: boolean;
  /** The key policy, as JSON text. */
  readonly policy: string;
  /** Base64: 32 bytes of an AES key, or PKCS#8 of an Ed25519 key. This file is the simulated HSM. */
  readonly material: string;
  readonly grants?: readonly { readonly id: string; readonly operations: readonly string[] }[];
}

export interface KeyStore {
  create(spec: KeySpec, description: string, policy: string): KmsKey;
  /** By key id or ARN; anything else is a NotFoundException, as for a key that is not there. */
  find(keyId: string): KmsKey;
  replace(key: KmsKey): void;
}

/** Opens the keys of `stateDir` for one region. */
export function openKeyStore(stateDir: string, region: string, now: () => number): KeyStore {
  const file = join(stateDir, 'kms.json');
  const keys = new Map(readKeys(file).map((key) => [key.id, key]));
  const put = (key: KmsKey): void => {
    keys.set(key.id, key);
    const draft = `${file}.${randomUUID()}`;
    writeFileSync(draft, JSON.stringify([...keys.values()], null, 2), { mode: 0o600 });
    renameSync(draft, file);
  };
  return {
    create(spec, description, policy) {
      const id = randomUUID();
      const arn = `arn:aws:kms:${region}:${ACCOUNT}:key/${id}`;
      const key = {
        id,
        arn,
        spec,
        description,
        created: now() / 1000,
        enabled: true,
        policy,
        material: makeMaterial(spec),
      };
      put(key);
      return key;
    },
    find(keyId) {
      const key = [...keys.values()].find(({ id, arn }) => id === keyId || arn === keyId);
      return key ?? fail('NotFoundException', `Key '${keyId}' does not exist`);
    },
    replace: put,
  };
}

function readKeys(file: string): readonly KmsKey[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly KmsKey[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

function makeMaterial(spec: KeySpec): string {
  return spec === 'SYMMETRIC_DEFAULT'
    ? randomBytes(32).toString('base64')
    : generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}
