/** What is wrong with a policy document, in words its author can act on: each fault with its JSON path and a hint. */
import type { GroupLimits, MintAsset, PolicyDocument, WindowLimit } from './document.ts';
import { entriesOf } from './document-blocks.ts';
import { findAllowanceFaults } from './faults-allowances.ts';
import { listPrograms } from './implied-calls.ts';
import { pubkeyFromBase58 } from './keys.ts';
import { OWNERS_MAX, U64_MAX } from './limits.ts';
import type { Violation } from './types.ts';
import type { SchemaFault } from './validate.ts';

/** Faults of one document that are reported; a document of a thousand faults has one cause. */
const FAULTS_REPORTED_MAX = 32;

const hints: Readonly<Record<string, string>> = {
  additionalProperties: 'remove it, or look for a spelling mistake; a note belongs into "$comment"',
  required: 'add it',
  pattern:
    'amounts are decimal strings of base units, addresses base58, names letters, digits, dot, dash and underscore',
  enum: 'use one of the listed words',
  const: 'use exactly this value',
  type: 'amounts are strings, counts are numbers',
  uniqueItems: 'remove the second one',
};

/** The schema's faults, one per path and keyword. */
export function explainSchemaFaults(faults: readonly SchemaFault[]): Violation[] {
  const seen = new Set<string>();
  const violations: Violation[] = [];
  for (const fault of faults) {
    const path = pathOf(fault);
    const key = `${path} ${fault.keyword}`;
    if (seen.has(key) || fault.keyword === 'anyOf') continue;
    seen.add(key);
    const allowed = fault.params['allowedValues'] ?? fault.params['allowedValue'];
    const words = allowed === undefined ? '' : ` (${JSON.stringify(allowed)})`;
    const hint = hints[fault.keyword];
    const detail = `${fault.message ?? fault.keyword}${words}${hint === undefined ? '' : `: ${hint}`}`;
    violations.push({ code: 'policy-schema', path, detail });
  }
  return violations.slice(0, FAULTS_REPORTED_MAX);
}

function pathOf({ instancePath, keyword, params }: SchemaFault): string {
  const added =
    keyword === 'additionalProperties'
      ? params['additionalProperty']
      : keyword === 'required'
        ? params['missingProperty']
        : null;
  const path = typeof added === 'string' ? `${instancePath}/${added}` : instancePath;
  return path.slice(0, 200) || '/';
}

type Report = (path: string, detail: string) => void;

/** What no schema can say: numbers over u64, addresses that are none, names of nothing, limits that are never reached. */
export function findDocumentFaults(document: PolicyDocument): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (path, detail) => violations.push({ code: 'policy-rule', path, detail });
  checkValues(document, '', report);
  checkAssets(document, report);
  checkGroups(document, report);
  checkSchedule(document, report);
  checkNames(document, report);
  findAllowanceFaults(document, report);
  return violations.slice(0, FAULTS_REPORTED_MAX);
}

const addressFields: ReadonlySet<string> = new Set(['owners', 'renew', 'pause', 'approve', 'mint']);
const amountFields: ReadonlySet<string> = new Set([
  'perTransaction',
  'approvalAbove',
  'max',
  'rentPerTransaction',
  'rentPerByte',
]);

/** Every address must be 32 bytes and every amount a u64, wherever it stands. The schema has checked their letters. */
function checkValues(value: unknown, path: string, report: Report, field = ''): void {
  if (typeof value === 'string') {
    if (amountFields.has(field) || path.startsWith('/lease/slice/')) {
      if (BigInt(value) > U64_MAX) report(path, 'more than 2^64 - 1');
    } else if (addressFields.has(field) && value !== 'any' && pubkeyFromBase58(value) === null) {
      report(path, 'not an address of 32 bytes');
    }
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkValues(item, `${path}/${index}`, report, field);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of entriesOf(value)) checkValues(item, `${path}/${key}`, report, key);
  }
}

function checkAssets(document: PolicyDocument, report: Report): void {
  const mints = new Set<string>();
  const lifted = document.approvals?.lifts?.includes('perTransaction') ?? false;
  for (const [name, asset] of entriesOf<Partial<MintAsset>>(document.assets)) {
    const path = `/assets/${name}`;
    if (asset.mint !== undefined && mints.has(asset.mint)) report(`${path}/mint`, 'another asset has this mint');
    if (asset.mint !== undefined) mints.add(asset.mint);
    if (asset.tokenProgram === 'token' && (asset.extensions?.length ?? 0) > 0)
      report(`${path}/extensions`, 'only token-2022 has extensions');
    checkWindows(asset.windows, path, report);
    const { approvalAbove, perTransaction } = asset;
    if (approvalAbove === undefined || perTransaction === undefined || lifted) continue;
    if (BigInt(approvalAbove) >= BigInt(perTransaction)) {
      report(
        `${path}/approvalAbove`,
        'never reached: it is at or over perTransaction, which approvals.lifts does not name',
      );
    }
  }
}

function checkWindows(windows: readonly WindowLimit[] | undefined, path: string, report: Report): void {
  const lengths = (windows ?? []).map(({ seconds }) => seconds);
  if (new Set(lengths).size !== lengths.length) report(`${path}/windows`, 'two windows have the same length');
}

function checkGroups(document: PolicyDocument, report: Report): void {
  const names = new Set<string>();
  let owners = 0;
  for (const [index, group] of document.recipients.entries()) {
    const path = `/recipients/${index}`;
    if (names.has(group.name)) report(`${path}/name`, 'another group has this name');
    names.add(group.name);
    if (group.owners !== 'any') owners += group.owners.length;
    for (const [asset, limits] of entriesOf<GroupLimits>(group.assets)) {
      if (asset === 'signatures') report(`${path}/assets/signatures`, 'signatures have no recipient');
      else if (!Object.hasOwn(document.assets, asset)) report(`${path}/assets/${asset}`, 'not an asset of this policy');
      checkWindows(limits.windows, `${path}/assets/${asset}`, report);
    }
  }
  if (owners > OWNERS_MAX) report('/recipients', `${owners} owners, at most ${OWNERS_MAX}`);
}

function checkSchedule({ schedule }: PolicyDocument, report: Report): void {
  const [start, end] = schedule?.hours ?? [];
  if (start !== undefined && start === end)
    report('/schedule/hours', 'start and end are the same hour: leave hours out to allow the whole day');
  if (start === 24 || end === 0) report('/schedule/hours', 'the day starts at 0 and ends at 24');
  for (const field of ['notBefore', 'notAfter'] as const) {
    const text = schedule?.[field];
    if (text !== undefined && !isMoment(text)) report(`/schedule/${field}`, 'no such moment');
  }
  const { notBefore, notAfter } = schedule ?? {};
  if (notBefore !== undefined && notAfter !== undefined && notBefore >= notAfter)
    report('/schedule/notAfter', 'not after notBefore');
}

/** Refuses the 31st of June, which Date.parse moves to July. */
function isMoment(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text.replace('Z', '.000Z');
}

/** Names in `approvals` and `lease.slice` must be names of this policy. */
function checkNames(document: PolicyDocument, report: Report): void {
  const { approvals, assets, programs, lease } = document;
  const compiled = new Set(listPrograms(document));
  for (const [index, name] of (approvals?.assets ?? []).entries()) {
    if (name === 'signatures' || !Object.hasOwn(assets, name))
      report(`/approvals/assets/${index}`, 'not an asset one can send in this policy');
  }
  for (const [index, program] of (approvals?.programs ?? []).entries()) {
    const liftable = approvals?.lifts?.includes('program') ?? false;
    if (program === 'memo' || compiled.has(program) || Object.hasOwn(programs, program) || liftable) continue;
    report(`/approvals/programs/${index}`, 'the policy allows no instruction of this program');
  }
  for (const [name] of entriesOf(lease.slice)) {
    if (!Object.hasOwn(assets, name)) report(`/lease/slice/${name}`, 'not an asset of this policy');
  }
}
