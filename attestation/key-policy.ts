/**
 * KMS key policies: what must stand on the key that seals wallets and on the keys that sign for a role, and how a deployed policy differs from that.
 *
 * What no key policy can prevent: the root of the key's account, or whoever administrators let in, can put another policy. The check says so only
 * after the fact. Grants know no attestation; the explicit Deny beats them, and `CreateGrant` is denied besides.
 */

export interface SealingPolicy {
  /** PCR0 of the images that may unseal: the one that runs, and beside it the next one during an upgrade. Hex. */
  readonly images: readonly string[];
  /** PCR8 (the image's signing certificate) and PCR3 (the host's IAM role), hex, where they are pinned. */
  readonly pcr8?: string;
  readonly pcr3?: string;
  /** Principals that may use the key from inside an enclave: the hosts' instance role. */
  readonly users: readonly string[];
  /** Principals that manage the key and can never use it. */
  readonly administrators: readonly string[];
  /** The one principal that may schedule deletion, best of another account; without it nobody may. */
  readonly deleter?: string;
}

export interface RolePolicy {
  /** The one principal that may sign with the key. */
  readonly signer: string;
  readonly administrators: readonly string[];
}

export interface KeyPolicy {
  readonly Version: '2012-10-17';
  readonly Id: string;
  readonly Statement: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: '*' | { readonly AWS: string | readonly string[] };
  readonly Action: string | readonly string[];
  readonly Resource: '*';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const ADMINISTER = [
  'kms:CancelKeyDeletion',
  'kms:Describe*',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:Get*',
  'kms:List*',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateKeyDescription',
];
const UNSEAL = ['kms:Decrypt', 'kms:GenerateDataKey'];
/** Ways to plain text or to another key that know no attestation. */
const NEVER = [
  'kms:CreateGrant',
  'kms:Encrypt',
  'kms:GenerateDataKeyPair*',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncrypt*',
];
const DELETE = ['kms:DeleteImportedKeyMaterial', 'kms:ScheduleKeyDeletion'];

/** The policy of a sealing key. Each Deny has one condition: several in one statement would have to fail together. */
export function makeSealingPolicy({ images, pcr8, pcr3, users, administrators, deleter }: SealingPolicy): KeyPolicy {
  const pinned: readonly (readonly [name: string, key: string, values: readonly string[]])[] = [
    ['Image', 'kms:RecipientAttestation:ImageSha384', images],
    ...(pcr8 === undefined ? [] : [['Signer', 'kms:RecipientAttestation:PCR8', [pcr8]] as const]),
    ...(pcr3 === undefined ? [] : [['Role', 'kms:RecipientAttestation:PCR3', [pcr3]] as const]),
  ];
  const wanted = Object.fromEntries(pinned.map(([, key, values]) => [key, values]));
  return policy('reeve-sealing-key', [
    allow('Administer', administrators, ADMINISTER),
    { ...allow('UnsealInsideTheEnclave', users, UNSEAL), Condition: { StringEqualsIgnoreCase: wanted } },
    ...pinned.map(([name, key, values]) => ({
      ...deny(`DenyOther${name}`, UNSEAL),
      Condition: { StringNotEqualsIgnoreCase: { [key]: values } },
    })),
    deny('DenyWaysAround', NEVER),
    ...guardDeletion(deleter),
  ]);
}

/** The policy of a key that signs for a role: exactly one principal signs. */
export function makeRolePolicy({ signer, administrators }: RolePolicy): KeyPolicy {
  return policy('reeve-role-key', [
    allow('Administer', administrators, ADMINISTER),
    allow('Sign', [signer], ['kms:GetPublicKey', 'kms:Sign']),
    { ...deny('DenyOtherSigners', ['kms:Sign']), Condition: { StringNotEquals: { 'aws:PrincipalArn': signer } } },
    deny('DenyGrants', ['kms:CreateGrant']),
    ...guardDeletion(undefined),
  ]);
}

function policy(Id: string, Statement: readonly PolicyStatement[]): KeyPolicy {
  return { Version: '2012-10-17', Id, Statement };
}

function allow(Sid: string, principals: readonly string[], Action: readonly string[]): PolicyStatement {
  return { Sid, Effect: 'Allow', Principal: { AWS: principals }, Action, Resource: '*' };
}

function deny(Sid: string, Action: readonly string[]): PolicyStatement {
  return { Sid, Effect: 'Deny', Principal: '*', Action, Resource: '*' };
}

function guardDeletion(deleter: string | undefined): PolicyStatement[] {
  if (deleter === undefined) return [deny('DenyDeletion', DELETE)];
  const Condition = { StringNotEquals: { 'aws:PrincipalArn': deleter } };
  return [allow('Delete', [deleter], DELETE), { ...deny('DenyDeletion', DELETE), Condition }];
}

/** One way in which a key is not as it should be. `statement` is a Sid, `grant` a grant's id. */
export type KeyFinding =
  | { readonly code: 'policy-not-json' }
  | { readonly code: 'statement-missing' | 'statement-differs' | 'statement-extra'; readonly statement: string }
  | { readonly code: 'grant'; readonly grant: string; readonly operations: readonly string[] };

export interface Grant {
  readonly id: string;
  readonly operations: readonly string[];
}

/** Compares a deployed policy and grants with the wanted ones. Order of statements, actions and values is nothing; any other difference is a finding. */
export function compareKeyPolicy(wanted: KeyPolicy, deployed: string, grants: readonly Grant[]): KeyFinding[] {
  const found = readStatements(deployed);
  if (found === null) return [{ code: 'policy-not-json' }];
  const findings: KeyFinding[] = [];
  const left = [...found];
  for (const statement of wanted.Statement) {
    const exact = left.findIndex((other) => normalize(other) === normalize(statement));
    const named = left.findIndex((other) => sidOf(other) === statement.Sid);
    const at = exact >= 0 ? exact : named;
    if (at >= 0) left.splice(at, 1);
    if (exact < 0) {
      findings.push({ code: named >= 0 ? 'statement-differs' : 'statement-missing', statement: statement.Sid });
    }
  }
  for (const other of left) findings.push({ code: 'statement-extra', statement: sidOf(other) });
  return [...findings, ...grants.map(({ id, operations }) => ({ code: 'grant' as const, grant: id, operations }))];
}

function readStatements(text: string): unknown[] | null {
  try {
    const { Statement } = JSON.parse(text) as { Statement?: unknown };
    return Array.isArray(Statement) ? Statement : Statement === undefined ? null : [Statement];
  } catch {
    return null;
  }
}

function sidOf(statement: unknown): string {
  const { Sid } = (statement ?? {}) as { Sid?: unknown };
  return typeof Sid === 'string' ? Sid : '';
}

/** One text for every spelling AWS may give back: lists sorted, a list of one as its member, keys in order. */
function normalize(value: unknown): string {
  if (Array.isArray(value)) {
    const [first] = value;
    return value.length === 1 ? normalize(first) : `[${value.map(normalize).sort().join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value as Record<string, unknown>).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${normalize(member)}`).join(',')}}`;
}
