/**
 * The simulated NSM's certificate chain under its private root: regional, zonal, instance CA and leaf, with the lives, path lengths and
 * key usages that real chains have. Only the root is kept; everything below is made at each start and when it runs out.
 */
import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import type { Authority, Usage } from './pki.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  generateEcKey,
  issueCertificate,
  keyUsage,
  loadAuthority,
  subjectKeyIdentifier,
} from './pki.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** Lives as on real chains. */
const ROOT_LIFE_MS = 30 * 365 * 24 * HOUR;
const REGIONAL_LIFE_MS = 481 * HOUR;
const ZONAL_LIFE_MS = 140 * HOUR;
const INSTANCE_LIFE_MS = 24 * HOUR;
const LEAF_LIFE_MS = 3 * HOUR;
/** A leaf begins this long before it is issued and lives as much longer. */
const LEAF_BACKDATE_MS = 3 * SECOND;
/** A leaf with less life left is not used for new documents: the least seen in real documents was 38 minutes. */
const LEAF_RESERVE_MS = 35 * 60 * SECOND;

/** What signs documents: the leaf's key and the certificates to send with them, root first. */
export interface NsmChain {
  readonly leafKey: KeyObject;
  readonly certificate: Uint8Array;
  readonly cabundle: readonly Uint8Array[];
}

/** The private root in `stateDir`, made once. Its name says that it is simulated. */
export function loadNsmRoot(stateDir: string, now: number = Date.now()): Authority {
  return loadAuthority({
    file: join(stateDir, 'nsm-root.json'),
    name: { C: 'US', O: 'Reeve', OU: 'Simulated', CN: 'simulated.nitro-enclaves' },
    curve: 'P-384',
    lifeMs: ROOT_LIFE_MS,
    now,
  });
}

/** Gives the chain to use at a moment: the same leaf until it nears its end, then a new one, with new CAs when those near theirs. */
export function createChainSource(root: Authority, moduleId: string, region: string): (now: number) => NsmChain {
  let instance: Instance | null = null;
  let chain: NsmChain | null = null;
  let leafEnd = 0;
  return (now) => {
    if (instance === null || instance.end - LEAF_LIFE_MS < now || instance.start > now) {
      instance = issueInstance(root, moduleId, region, now);
      chain = null;
    }
    if (chain === null || leafEnd - LEAF_RESERVE_MS < now || leafEnd - LEAF_LIFE_MS - LEAF_BACKDATE_MS > now) {
      chain = issueLeaf(instance, moduleId, region, now);
      leafEnd = now + LEAF_LIFE_MS;
    }
    return chain;
  };
}

interface Instance {
  readonly authority: Authority;
  readonly cabundle: readonly Uint8Array[];
  readonly start: number;
  readonly end: number;
}

function issueInstance(root: Authority, moduleId: string, region: string, now: number): Instance {
  const [instanceId = moduleId] = moduleId.split('-enc');
  const regional = issueCa(root, `${region}.simulated.nitro-enclaves`, 2, REGIONAL_LIFE_MS, now, [
    'digitalSignature',
    'keyCertSign',
    'cRLSign',
  ]);
  const zonal = issueCa(regional, `zonal.${region}.simulated.nitro-enclaves`, 1, ZONAL_LIFE_MS, now, [
    'digitalSignature',
    'keyCertSign',
    'cRLSign',
  ]);
  const authority = issueCa(zonal, `${instanceId}.${region}.simulated.nitro-enclaves`, 0, INSTANCE_LIFE_MS, now, [
    'keyCertSign',
  ]);
  const cabundle = [root, regional, zonal, authority].map(({ certificate }) => certificate);
  return { authority, cabundle, start: now, end: now + INSTANCE_LIFE_MS };
}

function issueCa(
  parent: Authority,
  commonName: string,
  pathLength: number,
  life: number,
  now: number,
  usage: readonly Usage[],
): Authority {
  const name = { C: 'US', O: 'Reeve', OU: 'Simulated', CN: commonName };
  const { publicKey, privateKey } = generateEcKey('P-384');
  const certificate = issueCertificate({
    subject: name,
    issuer: parent.name,
    publicKey,
    signer: parent.key,
    notBefore: now - HOUR,
    notAfter: now + life,
    extensions: [
      basicConstraints(true, pathLength),
      authorityKeyIdentifier(createPublicKey(parent.key)),
      subjectKeyIdentifier(publicKey),
      keyUsage(usage),
    ],
  });
  return { name, certificate, key: privateKey };
}

function issueLeaf({ authority, cabundle }: Instance, moduleId: string, region: string, now: number): NsmChain {
  const { publicKey, privateKey } = generateEcKey('P-384');
  const certificate = issueCertificate({
    subject: { C: 'US', O: 'Reeve', OU: 'Simulated', CN: `${moduleId}.${region}.simulated` },
    issuer: authority.name,
    publicKey,
    signer: authority.key,
    notBefore: now - LEAF_BACKDATE_MS,
    notAfter: now + LEAF_LIFE_MS,
    extensions: [basicConstraints(false), keyUsage(['digitalSignature', 'nonRepudiation'], false)],
  });
  return { leafKey: privateKey, certificate, cabundle };
}
