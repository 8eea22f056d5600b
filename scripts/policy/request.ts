/** One judgement from the command line, by the functions the enclave runs. */

import type { Judgement } from '../../policy/judge.ts';
import { judge } from '../../policy/judge.ts';
import type { LeaseState } from '../../policy/lease.ts';
import { emptyLedger } from '../../policy/ledger.ts';
import type { Message } from '../../policy/message.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Millis, Pubkey, Result, Violation } from '../../policy/types.ts';
import type { Context, OptionSpec } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { readAddress, readLedger, readMessage, readMoment, requirePolicy } from './input.ts';

export const requestOptions: Readonly<Record<string, OptionSpec>> = {
  policy: { value: 'FILE', text: 'the policy document' },
  transaction: { value: 'FILE|-', text: 'base64 of a wire transaction' },
  message: { text: 'the input is the message alone, without signatures' },
  agent: { value: 'ADDRESS', text: 'the wallet’s address (default: the fee payer)' },
  owner: { value: 'ADDRESS', text: 'a recipient the request names; may be repeated', multiple: true },
  at: { value: 'ISO', text: 'the time of the judgement (default: now)' },
  ledger: { value: 'FILE', text: 'what was spent before (default: nothing)' },
};

export interface Judged {
  readonly policy: Policy;
  /** The refusal of what could not be decoded. */
  readonly judgement: Result<Judgement, Violation>;
}

/** Judges with an ample lease and without approvals, so that the policy alone speaks. */
export async function judgeRequest(context: Context): Promise<Judged> {
  const policy = requirePolicy(requireOption(context, 'policy'));
  const now = readMoment(context.option('at'));
  const ledgerFile = context.option('ledger');
  const ledger = ledgerFile === undefined ? emptyLedger() : readLedger(ledgerFile);
  const owners = context.options('owner').map((owner) => readAddress(owner, 'owner'));
  const named = context.option('agent');
  const given = named === undefined ? null : readAddress(named, 'agent');
  const message = await readMessage(requireOption(context, 'transaction'), context.flag('message'), context.io);
  if (!message.ok) return { policy, judgement: message };
  const messages = [message.value];
  const agent = given ?? (message.value.keys[0] as Pubkey);
  const lease = ampleLease(policy);
  const request = { policy, agent, messages, owners, ledger, lease, now, lastSignedAt: null, approved: () => false };
  return { policy, judgement: { ok: true, value: judge(request) } };
}

/** What `policy` says to one message of `agent` now, with an ample lease and nothing spent before. */
export function judgeMessage(policy: Policy, message: Message, agent: Pubkey): Judgement {
  const now = Date.now() as Millis;
  const lease = ampleLease(policy);
  const messages = [message];
  const standing = { ledger: emptyLedger(), lease, now, lastSignedAt: null, approved: () => false };
  return judge({ policy, agent, messages, owners: [], ...standing });
}

function requireOption(context: Context, name: string): string {
  const value = context.option(name);
  if (value === undefined) throw usageError(`--${name} is missing`);
  return value;
}

/** More than any sum of amounts on the wire. */
const AMPLE = 2n ** 96n;

/** A lease that never says no. */
function ampleLease(policy: Policy): LeaseState {
  const ceiling = Object.fromEntries([...policy.assets.keys()].map((asset) => [asset, AMPLE]));
  return { number: 1, policyHash: policy.hash, ceiling, until: Number.MAX_SAFE_INTEGER as Millis, spentInBoot: {} };
}
