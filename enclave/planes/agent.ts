/** The agent plane's methods. No owner method is here, so none can be reached from an agent's socket. */

import type { Enclave } from '../enclave.ts';
import { openWallet } from '../gates/open-wallet.ts';
import type { MethodName, Outcome, Params } from '../link/schema/registry.ts';
import { readApproval } from '../wallet/approvals.ts';
import { describeBudget } from '../wallet/budget.ts';
import { signMessage } from '../wallet/message.ts';
import { evaluate, sign } from '../wallet/sign.ts';
import { hashBytes } from '../wallet/statement.ts';
import type { Answer } from './answer.ts';
import { attest, hello, receiptsSince } from './shared.ts';

type Method = MethodName<'agent'>;
type AgentHandlers = {
  readonly [M in Method]: (
    params: Params<'agent', M>,
  ) => Answer<Outcome<'agent', M>> | Promise<Answer<Outcome<'agent', M>>>;
};

export function agentHandlers(enclave: Enclave): AgentHandlers {
  return {
    hello: () => hello(enclave),
    attest: (params) => attest('agent', enclave, params),
    'receipts.since': (params) => receiptsSince('agent', enclave, params),
    sign: (params) => sign(enclave, params),
    evaluate: (params) => evaluate(enclave, params),
    'message.sign': (params) => signMessage(enclave, params),
    'wallet.read': (params) => readWallet(enclave, params),
    'budget.read': (params) => readBudgets(enclave, params),
    'approval.read': (params) => readOneApproval(enclave, params),
  };
}

function readWallet(enclave: Enclave, params: Params<'agent', 'wallet.read'>): Answer<Outcome<'agent', 'wallet.read'>> {
  const wallet = openWallet(enclave, params);
  const { agent, chain, phase, policy, policyVersion, lease } = wallet;
  const result = {
    agent: agent.publicKey,
    receiptKey: chain.key.publicKey,
    phase,
    policyHash: hashBytes(policy.hash),
    policyVersion,
    leaseEndsAt: lease === null || lease.until === 0 ? null : BigInt(lease.until),
    head: { seq: chain.seq, hash: chain.hash },
  };
  return { result, wallet: wallet.name };
}

function readBudgets(
  enclave: Enclave,
  params: Params<'agent', 'budget.read'>,
): Answer<Outcome<'agent', 'budget.read'>> {
  const wallet = openWallet(enclave, params);
  const names = [...wallet.policy.assets.values()].map(({ name }) => name);
  const wanted = new Set(names.slice(names.indexOf(params.after ?? '') + 1));
  return { result: describeBudget(wallet, enclave.clock.read(), (asset) => wanted.has(asset)), wallet: wallet.name };
}

function readOneApproval(
  enclave: Enclave,
  params: Params<'agent', 'approval.read'>,
): Answer<Outcome<'agent', 'approval.read'>> {
  const wallet = openWallet(enclave, params);
  return {
    result: { ...readApproval(wallet.approvals, params.approvalId, enclave.clock.read()) },
    wallet: wallet.name,
  };
}
