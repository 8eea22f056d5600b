/** The JSON-RPC methods of the chain. One table; what is not in it does not exist. */
import { ACCOUNT_METHODS } from './methods-accounts.ts';
import { DEV_METHODS } from './methods-dev.ts';
import { STATUS_METHODS } from './methods-status.ts';
import { TRANSACTION_METHODS } from './methods-transactions.ts';
import type { MethodTable } from './rpc-server.ts';

export const METHODS: MethodTable = {
  ...STATUS_METHODS,
  ...ACCOUNT_METHODS,
  ...TRANSACTION_METHODS,
  ...DEV_METHODS,
};
