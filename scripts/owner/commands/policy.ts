/** `reeve owner policy set` and `policy show`. */

import { createHash } from 'node:crypto';
import { ReeveError } from '../../../enclave/link/errors.ts';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import { parsePolicy } from '../../../policy/compile.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText, toHex } from '../../cli/text.ts';
import { keepPolicy, readKeptPolicy } from '../copy.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import type { Difference } from '../policy-difference.ts';
import { comparePolicies, describeDifference } from '../policy-difference.ts';
import type { PolicyInput } from '../policy-input.ts';
import { readPolicyFile } from '../policy-input.ts';
import type { Session } from '../session.ts';
import { defineOwnerCommand, OUT_OPTION, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';

export const policy = defineOwnerCommand(
  {
    usage: 'reeve owner policy set WALLET FILE | policy show WALLET',
    summary: 'Shows the policy in force, or what a new one changes, and puts it in force with its lease.',
    words: [2, 3],
    options: { ...PROFILE_OPTIONS, ...RENEWER_OPTION, ...OUT_OPTION },
  },
  async (session) => {
    const [verb, wallet, file] = session.context.words as [string, string, string | undefined];
    if (verb === 'show' && file === undefined) return showPolicy(session, wallet);
    if (verb === 'set' && file !== undefined) return setPolicy(session, wallet, file);
    throw usageError('set WALLET FILE, or show WALLET');
  },
);

/** The policy of the attested hash; the owner's copy, or the host's where that is another one. */
export async function readPolicyInForce(session: Session, wallet: string, statement: Statement): Promise<Uint8Array> {
  const hash = toHex(statement.policyHash);
  const kept = readKeptPolicy(session.profile, wallet);
  if (kept.policy.hash === hash) return kept.bytes;
  const { policy: bytes } = await (await session.admin()).readState(wallet);
  if (createHash('sha256').update(bytes).digest('hex') === hash) return bytes;
  throw new ReeveError('statement-mismatch', { field: 'policyHash', expected: kept.policy.hash, observed: hash });
}

async function showPolicy(session: Session, wallet: string): Promise<number> {
  const { context } = session;
  const { statement } = await session.attest(wallet);
  const bytes = await readPolicyInForce(session, wallet, statement);
  const document: unknown = JSON.parse(Buffer.from(bytes).toString());
  const { policyVersion: version } = statement;
  context.report({ wallet, version, hash: toHex(statement.policyHash), document }, [
    `Policy version ${version} of ${wallet}, attested: ${toHex(statement.policyHash)}`,
    ...JSON.stringify(document, null, 2).split('\n').map(escapeText),
  ]);
  return EXIT.done;
}

async function setPolicy(session: Session, wallet: string, file: string): Promise<number> {
  const { context } = session;
  const input = readPolicyFile(file);
  const { statement } = await session.attest(wallet);
  const differences = await readDifferences(session, wallet, statement, input);
  const order = makeOrder(statement, input, differences);
  for (const warning of input.warnings) context.say(escapeText(warning));
  await showAndConfirm(session, order);
  const { lease, alarm } = await (await session.keeper()).replacePolicy(wallet, input.bytes);
  if (alarm !== null) context.say(`No lease with it: ${escapeText(alarm)}.`);
  const issued = await issue(session, lease === null ? order : { ...order, content: { ...order.content, lease } });
  keepPolicy(session.profile, wallet, input.bytes, issued.signed.envelope, issued.signed.body);
  if (issued.sent) await confirmInForce(session, wallet, input);
  const version = order.content.version;
  context.report({ wallet, version, hash: input.policy.hash, differences, leased: lease !== null, sent: issued.sent }, [
    `Policy version ${version} ${issued.sent ? 'is in force' : 'is signed'}: ${input.policy.hash}`,
  ]);
  return EXIT.done;
}

async function readDifferences(
  session: Session,
  wallet: string,
  statement: Statement,
  input: PolicyInput,
): Promise<readonly Difference[]> {
  const before = parsePolicy(await readPolicyInForce(session, wallet, statement));
  if (!before.ok) throw new ReeveError('policy-invalid', { what: 'the policy in force' });
  return comparePolicies(before.value.document, input.policy.document);
}

function makeOrder(
  statement: Statement,
  { bytes, policy: next }: PolicyInput,
  differences: readonly Difference[],
): Order<'policy.set'> {
  const version = statement.policyVersion + 1;
  const loosening = differences.filter(({ loosens }) => loosens).length;
  return {
    name: 'policy.set',
    content: { policyHash: new Uint8Array(Buffer.from(next.hash, 'hex')), version },
    target: statement,
    policy: bytes,
    meaning: [
      `policy version ${version}, ${next.hash}`,
      ...(differences.length === 0 ? ['no rule changes'] : differences.map(describeDifference)),
      ...(loosening === 0 ? [] : [`${loosening} of ${differences.length} changes LOOSEN the policy`]),
    ],
  };
}

async function confirmInForce(session: Session, wallet: string, { policy: next }: PolicyInput): Promise<void> {
  const { statement } = await session.attest(wallet);
  const hash = toHex(statement.policyHash);
  if (hash !== next.hash)
    throw new ReeveError('statement-mismatch', { field: 'policyHash', expected: next.hash, observed: hash });
}
