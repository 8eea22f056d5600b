/**
 * JSON-RPC errors as a Solana node words them, so that a client's own error table recognises each one.
 * Numbers are those of the node's RPC service; what a client reads by number stands here once.
 */

export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  preflightFailure: -32002,
  signatureFailure: -32003,
  unsupportedVersion: -32015,
  minContextSlot: -32016,
} as const;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

const faults = new WeakMap<Error, RpcError>();

/** An error that ends a method call and is answered as a JSON-RPC error; what it holds goes to the client as it is. */
export function rpcFault(kind: keyof typeof RPC_CODES, message: string, data?: unknown): Error {
  const error = new Error(message);
  faults.set(error, { code: RPC_CODES[kind], message, ...(data === undefined ? {} : { data }) });
  return error;
}

/** What to answer for anything thrown by a method: its own JSON-RPC error, or an internal one that tells nothing about the inside. */
export function toRpcError(thrown: unknown): RpcError {
  const known = thrown instanceof Error ? faults.get(thrown) : undefined;
  return known ?? { code: RPC_CODES.internalError, message: 'Internal error' };
}
