/** Asking a development chain for test tokens, over its RPC. */

export const DEFAULT_MINT_NAME = 'usdc-dev';

export interface DevMint {
  readonly mint: string;
  readonly decimals: number;
  readonly tokenProgram: string;
  /** False when a mint of this name was there already. */
  readonly created: boolean;
}

export interface DevTokens {
  readonly tokenAccount: string;
  readonly signature: string;
}

/**
 * Makes a mint whose authority is the chain's faucet, or finds it again: the same name on the same chain is the same mint, restarts included.
 * `decimals` default to 6, `tokenProgram` to SPL Token. Throws an Error with the chain's message when it refuses.
 */
export async function createDevMint(options: {
  url: string;
  name?: string;
  decimals?: number;
  tokenProgram?: string;
}): Promise<DevMint> {
  const { url, ...request } = options;
  return (await callChain(url, 'dev_createMint', request)) as DevMint;
}

/** Mints `amount` base units to the owner's associated token account, which is made where needed. */
export async function mintDevTokens(options: {
  url: string;
  mint: string;
  owner: string;
  amount: bigint;
}): Promise<DevTokens> {
  const { url, mint, owner, amount } = options;
  return (await callChain(url, 'dev_mintTo', { mint, owner, amount: amount.toString() })) as DevTokens;
}

async function callChain(url: string, method: string, request: object): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [request] });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const answer = (await response.json()) as { result?: unknown; error?: { message?: string } };
  if (answer.error !== undefined) throw new Error(`The development chain refused ${method}: ${answer.error.message}`);
  return answer.result;
}
