/**
 * What mutation testing leaves alone: sentences for people. A detail may be worded anyhow; codes, kinds and names of accounts may not, and
 * are mutated like everything else.
 */

interface Node {
  readonly type: string;
  readonly start?: number;
  readonly [field: string]: unknown;
}
interface Path {
  readonly node: Node;
  readonly parentPath: Path | null;
  readonly key: string | number | null;
  readonly listKey: string | null;
}

/** Functions that take a sentence, and the place of its argument. */
const TAKES_TEXT: Readonly<Record<string, number>> = {
  refuse: 1,
  refused: 1,
  fault: 1,
  refuseAt: 3,
  unknownTag: 1,
  alwaysRefused: 2,
  RangeError: 0,
};

function shouldIgnore(path: Path): string | undefined {
  const { type } = path.node;
  if (type !== 'StringLiteral' && type !== 'TemplateLiteral') return undefined;
  return isSentence(path.node) || isText(path) ? 'a sentence for people' : undefined;
}

/** A word with a space beside it. No code, kind or name has one; keys made of several values have spaces, but no words. */
function isSentence(node: Node): boolean {
  const quasis = (node['quasis'] ?? []) as readonly { readonly value: { readonly raw: string } }[];
  const parts = node.type === 'StringLiteral' ? [String(node['value'])] : quasis.map(({ value }) => value.raw);
  return parts.some((part) => /\p{L} | \p{L}/u.test(part));
}

/** Whether an expression is the value of a field `detail` or `text`, or an argument that is a sentence. */
function isText(path: Path): boolean {
  const parent = path.parentPath;
  if (parent === null) return false;
  const { type } = parent.node;
  if (type === 'ConditionalExpression' || type === 'TemplateLiteral' || type === 'LogicalExpression')
    return isText(parent);
  if (type === 'ObjectProperty') return ['detail', 'text'].includes(nameOf(parent.node['key']));
  if (path.listKey !== 'arguments') return false;
  return TAKES_TEXT[nameOf(parent.node['callee'])] === path.key;
}

function nameOf(node: unknown): string {
  return String((node as { readonly name?: unknown }).name ?? '');
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: { shouldIgnore } }];
