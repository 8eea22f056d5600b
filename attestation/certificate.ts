/**
 * The certificate chain of an attestation document: root, regional CA, zonal CA, instance CA, leaf. All P-384 with ECDSA-SHA384.
 *
 * Checked: the anchor, names, signatures, algorithms, CA marks, path lengths, key usages, unknown critical extensions, validity at one
 * chosen time. Not checked: revocation (AWS says CRLs must be disabled), key identifiers, subject contents.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import type { Extension } from '@peculiar/asn1-x509';
import {
  BasicConstraints,
  Certificate,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_cRLDistributionPoints,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
} from '@peculiar/asn1-x509';
import type { Refusal, Result } from './codes.ts';
import { accept, refuse } from './codes.ts';
import { sameBytes } from './document.ts';

const ECDSA_WITH_SHA384 = '1.2.840.10045.4.3.3';
/** X.509 version 3 is written as 2. */
const VERSION_3 = 2;
/** Extensions whose meaning is checked here, or which carry no condition on the chain. */
const KNOWN_EXTENSIONS = new Set([
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLDistributionPoints,
]);

type Fault = { ok: false; refusal: Refusal } | null;

/** One certificate, read twice: by OpenSSL for keys and signatures, by the ASN.1 layer for what it means. */
interface Link {
  /** Place in the chain for people: `root`, `ca 1`, `leaf`. */
  readonly place: string;
  readonly x509: X509Certificate;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
  readonly pathLength: number | null;
  /** Key usage flags, or null when the extension is absent. */
  readonly usage: number | null;
}

/** The trust anchor: the DER of the root, or its SHA-256 as 64 lower-case hex digits. */
export type Anchor = Uint8Array | string;

/** SHA-256 over a certificate's DER, lower-case hex. */
export function fingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/**
 * Walks the chain from the anchor to `leafDer` and returns the leaf's certificate. `cabundle[0]` counts only when it has the anchor's
 * fingerprint. `at` is in milliseconds since the epoch. Never throws.
 */
export function walkChain(
  cabundle: readonly Uint8Array[],
  leafDer: Uint8Array,
  anchor: Anchor,
  at: number,
): Result<X509Certificate> {
  const pinned = typeof anchor === 'string' ? anchor : fingerprint(anchor);
  const root = cabundle[0];
  if (root === undefined || fingerprint(root) !== pinned) {
    return refuse('root-untrusted');
  }
  const links = readLinks([...cabundle, leafDer]);
  if (!links.ok) {
    return links;
  }
  for (const [index, link] of links.value.entries()) {
    const fault = checkLink(link, links.value[index - 1] ?? link, links.value.length - index - 2, at);
    if (fault !== null) {
      return fault;
    }
  }
  const leaf = links.value.at(-1);
  return leaf === undefined ? refuse('cabundle') : accept(leaf.x509);
}

function readLinks(ders: readonly Uint8Array[]): Result<readonly Link[]> {
  const links: Link[] = [];
  for (const [index, der] of ders.entries()) {
    const link = readLink(der, index === 0 ? 'root' : index === ders.length - 1 ? 'leaf' : `ca ${index}`);
    if (!link.ok) {
      return link;
    }
    links.push(link.value);
  }
  return accept(links);
}

type Reading = Pick<Link, 'x509' | 'issuer' | 'subject' | 'notBefore' | 'notAfter'> & {
  readonly certificate: Certificate;
};

/** OpenSSL re-encodes what it read as `raw`: a difference means trailing bytes or an encoding that is not DER. */
function parseTwice(der: Uint8Array): Reading | null {
  try {
    const x509 = new X509Certificate(der);
    const certificate = AsnConvert.parse(der, Certificate);
    const { issuer, subject, validity, version } = certificate.tbsCertificate;
    const notBefore = validity.notBefore.getTime().getTime();
    const notAfter = validity.notAfter.getTime().getTime();
    const sound =
      sameBytes(x509.raw, der) && version === VERSION_3 && Number.isFinite(notBefore) && Number.isFinite(notAfter);
    return sound ? { x509, certificate, issuer: encode(issuer), subject: encode(subject), notBefore, notAfter } : null;
  } catch {
    return null;
  }
}

function encode(name: Certificate['tbsCertificate']['issuer']): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(name));
}

function readLink(der: Uint8Array, place: string): Result<Link> {
  const reading = parseTwice(der);
  if (reading === null) {
    return refuse('certificate-malformed', place);
  }
  const { certificate, ...link } = reading;
  const tbs = certificate.tbsCertificate;
  const algorithms = [certificate.signatureAlgorithm, tbs.signature];
  if (algorithms.some(({ algorithm }) => algorithm !== ECDSA_WITH_SHA384) || !isP384(link.x509)) {
    return refuse('certificate-algorithm', place);
  }
  const extensions = readExtensions(tbs.extensions ?? [], place);
  return extensions.ok ? accept({ place, ...link, ...extensions.value }) : extensions;
}

function isP384(x509: X509Certificate): boolean {
  try {
    return x509.publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1';
  } catch {
    return false;
  }
}

type Meaning = Pick<Link, 'isCa' | 'pathLength' | 'usage'>;

function readExtensions(extensions: Iterable<Extension>, place: string): Result<Meaning> {
  const seen = new Set<string>();
  let meaning: Meaning = { isCa: false, pathLength: null, usage: null };
  for (const { extnID, critical, extnValue } of extensions) {
    if (seen.has(extnID)) {
      return refuse('certificate-extension-duplicate', `${place}: ${extnID}`);
    }
    seen.add(extnID);
    if (critical && !KNOWN_EXTENSIONS.has(extnID)) {
      return refuse('certificate-extension-unknown', `${place}: ${extnID}`);
    }
    const found = readMeaning(extnID, extnValue.buffer);
    if (found === null) {
      return refuse('certificate-extension-malformed', `${place}: ${extnID}`);
    }
    meaning = { ...meaning, ...found };
  }
  return accept(meaning);
}

/** What one extension says about the chain; null when it cannot be read. A negative path length is unreadable too. */
function readMeaning(id: string, value: ArrayBuffer): Partial<Meaning> | null {
  try {
    if (id === id_ce_basicConstraints) {
      const { cA, pathLenConstraint } = AsnConvert.parse(value, BasicConstraints);
      const pathLength = pathLenConstraint ?? null;
      return pathLength !== null && (pathLength < 0 || !cA) ? null : { isCa: cA, pathLength };
    }
    return id === id_ce_keyUsage ? { usage: AsnConvert.parse(value, KeyUsage).toNumber() } : {};
  } catch {
    return null;
  }
}

/** One step of the walk. `below` is the number of CA certificates after this one; -1 for the leaf. */
function checkLink(link: Link, parent: Link, below: number, at: number): Fault {
  return checkIssue(link, parent) ?? (below < 0 ? checkLeaf(link) : checkCa(link, below)) ?? checkValidity(link, at);
}

function checkIssue(link: Link, parent: Link): Fault {
  if (!sameBytes(link.issuer, parent.subject)) {
    return refuse('certificate-issuer', link.place);
  }
  return isSignedBy(link.x509, parent.x509) ? null : refuse('certificate-signature', link.place);
}

function isSignedBy(child: X509Certificate, parent: X509Certificate): boolean {
  try {
    return child.verify(parent.publicKey);
  } catch {
    return false;
  }
}

function checkCa(link: Link, below: number): Fault {
  if (!link.isCa) {
    return refuse('certificate-not-ca', link.place);
  }
  if (link.usage === null || (link.usage & KeyUsageFlags.keyCertSign) === 0) {
    return refuse('certificate-key-usage', `${link.place}: keyCertSign`);
  }
  return link.pathLength !== null && below > link.pathLength
    ? refuse('certificate-path-length', `${link.place}: ${below} below, ${link.pathLength} allowed`)
    : null;
}

function checkLeaf(link: Link): Fault {
  if (link.isCa) {
    return refuse('leaf-is-ca');
  }
  if (link.usage === null || (link.usage & KeyUsageFlags.digitalSignature) === 0) {
    return refuse('certificate-key-usage', 'leaf: digitalSignature');
  }
  return (link.usage & KeyUsageFlags.keyCertSign) === 0 ? null : refuse('leaf-signs-certificates');
}

/** Whole seconds, both ends included, as RFC 5280 has it. */
function checkValidity(link: Link, at: number): Fault {
  const second = Math.floor(at / 1000) * 1000;
  if (!(second >= link.notBefore)) {
    return refuse('certificate-not-yet-valid', `${link.place}: from ${new Date(link.notBefore).toISOString()}`);
  }
  return second <= link.notAfter
    ? null
    : refuse('certificate-expired', `${link.place}: until ${new Date(link.notAfter).toISOString()}`);
}
