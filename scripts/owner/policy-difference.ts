/** What changes between two policies, line by line, and which changes loosen it. What is not known to tighten is marked as loosening: the owner should look. */

import type { PolicyDocument } from '../../policy/document.ts';
import { escapeText } from '../cli/text.ts';

export interface Difference {
  readonly path: string;
  /** Null: it was not there, or is no more. */
  readonly before: string | null;
  readonly after: string | null;
  readonly loosens: boolean;
}

type Leaves = ReadonlyMap<string, string>;
type Judge = (before: string | null, after: string | null, path: string, next: PolicyDocument) => boolean;

/** Stands for a list that is absent where absence allows everything. */
const EVERY = 'every';

/** How a change is judged, by its path: the first row that fits decides. */
const RULES: readonly (readonly [path: RegExp, loosens: Judge])[] = [
  [/ \(names\)$/, (before, after) => after === EVERY || (before !== EVERY && addsName(before, after))],
  [/^\/memo\/maxBytes$/, (before, after) => after !== null && (before === null || isMore(before, after))],
  [/^\/memo$/, (_before, after) => after !== null && after !== 'deny'],
  [/\/cooldownSeconds$/, (before, after) => after === null || (before !== null && isMore(after, before))],
  // Where there is a default, a first value of one's own may be above it.
  [/^\/lease\/slice\/|\/ttlSeconds$|\/maxPending$/, (before, after) => before === null || isCapLooser(before, after)],
  [/^\/approvals\/(programs|assets)\/|\/approval$/, (_before, after) => after === null],
  [/^\/recipients\/[^/]+\/owners\//, isOwnerLooser],
  [/^\/(programs\/[^/]+|approvals\/lifts|keys\/[^/]+|assets\/[^/]+\/extensions)\//, (_before, after) => after !== null],
  // After the lists: their entries may be called like a cap.
  [/\/(perTransaction|approvalAbove|max|rentPerTransaction|maxSeconds)$/, isCapLooser],
];

/** Differences of two policy documents in the order of their paths. Comments are left out: they decide nothing. */
export function comparePolicies(before: PolicyDocument, after: PolicyDocument): Difference[] {
  const old = flatten(before);
  const now = flatten(after);
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  return paths
    .map((path) => ({ path, before: old.get(path) ?? null, after: now.get(path) ?? null }))
    .filter((change) => change.before !== change.after)
    .map((change) => ({ ...change, loosens: judgeChange(change.path, change.before, change.after, after) }));
}

/** One line for people. */
export function describeDifference({ path, before, after, loosens }: Difference): string {
  const mark = loosens ? 'LOOSENS ' : 'tightens';
  const change =
    before === null ? `new: ${after}` : after === null ? `removed: ${before}` : `${before} becomes ${after}`;
  return `${mark}  ${escapeText(path)}: ${escapeText(change)}`;
}

function judgeChange(path: string, before: string | null, after: string | null, next: PolicyDocument): boolean {
  const rule = RULES.find(([pattern]) => pattern.test(path));
  return rule === undefined || rule[1](before, after, path, next);
}

/** A cap that appears tightens: what it caps was open, or is new and says so in a line of its own. */
function isCapLooser(before: string | null, after: string | null): boolean {
  return after === null || (before !== null && isMore(before, after));
}

function isMore(before: string, after: string): boolean {
  return BigInt(after) > BigInt(before);
}

function addsName(before: string | null, after: string | null): boolean {
  const known = new Set(before?.split(', '));
  return (after ?? '').split(', ').some((name) => name !== '' && !known.has(name));
}

/** An owner who leaves a group may fall into another one with other limits. */
function isOwnerLooser(_before: string | null, after: string | null, path: string, next: PolicyDocument): boolean {
  const owner = path.slice(path.lastIndexOf('/') + 1);
  return after !== null || next.recipients.some(({ owners }) => owners === 'any' || owners.includes(owner));
}

/** Every leaf by its path. Entries of lists are named by what they are, so that a new one in the middle does not rename the rest. */
function flatten(document: PolicyDocument): Leaves {
  const leaves = new Map<string, string>();
  walk('', document, leaves);
  const names = (value: object | readonly string[] | undefined): string => {
    if (value === undefined) return EVERY;
    const list = Array.isArray(value) ? (value as readonly string[]) : Object.keys(value);
    return list.filter((name) => name !== '$comment').join(', ');
  };
  leaves.set('/assets (names)', names(document.assets));
  leaves.set('/schedule/days (names)', names(document.schedule?.days));
  leaves.set('/recipients (order)', document.recipients.map(({ name }) => name).join(', '));
  for (const { name, assets } of document.recipients) leaves.set(`/recipients/${name}/assets (names)`, names(assets));
  if (document.approvals?.lifts === undefined) leaves.set('/approvals/lifts/approvalAbove', 'listed');
  return leaves;
}

function walk(path: string, value: unknown, leaves: Map<string, string>): void {
  if (path === '/schedule/days') return;
  if (Array.isArray(value) && path !== '/schedule/hours') {
    for (const item of value) walkItem(path, item, leaves);
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key !== '$comment' && key !== '$schema') walk(`${path}/${key}`, item, leaves);
    }
  } else {
    leaves.set(path, Array.isArray(value) ? value.join(' to ') : String(value));
  }
}

/** A window is known by its length, a group by its name: neither is a leaf of its own. */
function walkItem(path: string, item: unknown, leaves: Map<string, string>): void {
  if (typeof item !== 'object' || item === null) {
    leaves.set(`${path}/${String(item)}`, 'listed');
    return;
  }
  const { name, seconds, ...rest } = item as { name?: string; seconds?: number };
  walk(`${path}/${name ?? `${seconds} s`}`, rest, leaves);
}
