/**
 * Key policies of the development KMS, evaluated: explicit Deny beats Allow, no Allow means no. Conditions: the string operators and
 * `Null`, over `kms:RecipientAttestation:*`, `kms:EncryptionContext:*` and `aws:PrincipalArn`. Operators it does not know are refused when the policy is
 * put, so that a policy never means less here than it says. There is one caller, whose IAM policy allows everything; a grant counts as an Allow.
 */
import { fail } from './faults.ts';
import { isRecord } from './input.ts';
import { ACCOUNT } from './store.ts';

export const CALLER = `arn:aws:iam::${ACCOUNT}:role/reeve-development`;
const ACCOUNT_ROOT = `arn:aws:iam::${ACCOUNT}:root`;
/** Bytes; AWS's limit for a key policy. */
const MAX_POLICY_BYTES = 32_768;

/** The policy AWS gives to a key made without one. */
export const STANDARD_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Id: 'key-default-1',
  Statement: [
    {
      Sid: 'Enable IAM User Permissions',
      Effect: 'Allow',
      Principal: { AWS: ACCOUNT_ROOT },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
});

/** Values of condition keys for one request; a key that is absent has no value. */
export type Conditions = ReadonlyMap<string, string>;

interface Statement {
  readonly deny: boolean;
  readonly principals: readonly string[];
  readonly actions: readonly string[];
  readonly conditions: readonly { operator: string; key: string; values: readonly string[] }[];
}

const equal = (value: string, wanted: string): boolean => value === wanted;
const equalIgnoringCase = (value: string, wanted: string): boolean => value.toLowerCase() === wanted.toLowerCase();

/** The positive operators; `StringNot…` is the opposite and so holds for an absent key. */
const OPERATORS: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  StringEquals: equal,
  StringEqualsIgnoreCase: equalIgnoringCase,
  StringLike: like,
};

/** Reads a policy; raises MalformedPolicyDocumentException for what could not be evaluated. */
export function parsePolicy(policy: string): readonly Statement[] {
  const document = Buffer.byteLength(policy) <= MAX_POLICY_BYTES ? parseJson(policy) : null;
  const statements = isRecord(document) ? list(document['Statement']) : [];
  return statements.length === 0 ? malformed('the policy has no Statement') : statements.map(readStatement);
}

/** Allows the one caller to do `action`, by the policy or by a grant, or raises AccessDeniedException. */
export function authorize(
  policy: string,
  action: string,
  arn: string,
  conditions: Conditions,
  isGranted = false,
): void {
  const values = new Map([...conditions, ['aws:PrincipalArn', CALLER]]);
  const matching = parsePolicy(policy).filter((statement) => matches(statement, action, values));
  const reason = matching.some(({ deny }) => deny)
    ? 'with an explicit deny in a resource-based policy'
    : `because no resource-based policy allows the ${action} action`;
  if ((matching.length === 0 && !isGranted) || matching.some(({ deny }) => deny)) {
    fail(
      'AccessDeniedException',
      `User: ${CALLER} is not authorized to perform: ${action} on resource: ${arn} ${reason}`,
    );
  }
}

function matches({ principals, actions, conditions }: Statement, action: string, values: Conditions): boolean {
  return (
    principals.some((principal) => ['*', ACCOUNT_ROOT, ACCOUNT, CALLER].includes(principal)) &&
    actions.some((pattern) => like(action.toLowerCase(), pattern.toLowerCase())) &&
    conditions.every(({ operator, key, values: wanted }) => holds(operator, values.get(key), wanted))
  );
}

function holds(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
  if (operator === 'Null') {
    return wanted.includes(String(value === undefined));
  }
  const compare = OPERATORS[operator.replace('StringNot', 'String')];
  const found = value !== undefined && compare !== undefined && wanted.some((item) => compare(value, item));
  return operator.startsWith('StringNot') ? !found : found;
}

/** `*` stands for any text, `?` for one character. */
function like(value: string, pattern: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's').test(value);
}

function readStatement(value: unknown): Statement {
  if (!isRecord(value)) {
    return malformed('a Statement is not an object');
  }
  const { Effect: effect, Principal: principal, Action: action, Condition: condition = {} } = value;
  const known = ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition'];
  if ((effect !== 'Allow' && effect !== 'Deny') || Object.keys(value).some((key) => !known.includes(key))) {
    return malformed('a Statement has an unknown Effect or element');
  }
  return {
    deny: effect === 'Deny',
    principals: texts(isRecord(principal) ? principal['AWS'] : principal),
    actions: texts(action),
    conditions: isRecord(condition)
      ? Object.entries(condition).flatMap(readConditions)
      : malformed('Condition is not an object'),
  };
}

function readConditions([operator, keys]: [string, unknown]): Statement['conditions'] {
  if (operator !== 'Null' && OPERATORS[operator.replace('StringNot', 'String')] === undefined) {
    return malformed(`condition operator ${operator} is not known to the development KMS`);
  }
  return isRecord(keys)
    ? Object.entries(keys).map(([key, values]) => ({ operator, key, values: texts(values) }))
    : malformed(`condition ${operator} is not an object`);
}

function texts(value: unknown): readonly string[] {
  const items = list(value).map((item) => (typeof item === 'boolean' ? String(item) : item));
  return items.length > 0 && items.every((item) => typeof item === 'string')
    ? items
    : malformed('a Principal, Action or value is missing');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return null;
  }
}

function malformed(message: string): never {
  return fail('MalformedPolicyDocumentException', message);
}
