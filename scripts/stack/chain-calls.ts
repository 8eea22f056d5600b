/** The few questions the stack itself asks the local chain. */

import { ReeveError } from '../../enclave/link/errors.ts';

/** The result of one JSON-RPC call, or `rpc-failed` with what the node said. */
export async function callChain(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new ReeveError('rpc-failed', { method, said: answer.error.message });
  return answer.result;
}

/** Lamports of an address. */
export async function readBalance(url: string, address: string): Promise<bigint> {
  const { value } = (await callChain(url, 'getBalance', [address])) as { value: number };
  return BigInt(value);
}

/** Base units of a mint an owner holds in all its token accounts. */
export async function readTokens(url: string, owner: string, mint: string): Promise<bigint> {
  const answer = await callChain(url, 'getTokenAccountsByOwner', [owner, { mint }, { encoding: 'jsonParsed' }]);
  const { value } = answer as {
    value: { account: { data: { parsed: { info: { tokenAmount: { amount: string } } } } } }[];
  };
  return value.reduce((sum, { account }) => sum + BigInt(account.data.parsed.info.tokenAmount.amount), 0n);
}
