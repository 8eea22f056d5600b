/** Accounts in the encodings a node offers. Parsed JSON exists for token accounts and mints; any other account comes as base64, as from a node. */
import { zstdCompressSync } from 'node:zlib';
import { getBase58Decoder } from '@solana/kit';
import type { Bank } from './bank.ts';
import type { Config } from './params.ts';
import { invalid, readConfig, readInteger } from './params.ts';
import type { StoredAccount } from './store.ts';
import { readDecimals, readMint, readTokenAccount, TOKEN_PROGRAM, toUiAmount } from './tokens.ts';

/** Nodes refuse to encode more account data than this many bytes in base58. */
const MAX_BASE58_BYTES = 128;
/** Every account is exempt from rent, which nodes spell as the last epoch there is. */
const RENT_EXEMPT_EPOCH = 2n ** 64n - 1n;

/** The account as `config.encoding` and `config.dataSlice` ask; null stays null. */
export function encodeAccount(bank: Bank, account: StoredAccount | null, config: Config): object | null {
  if (account === null) return null;
  return {
    lamports: account.lamports,
    owner: account.owner,
    executable: account.executable,
    rentEpoch: RENT_EXEMPT_EPOCH,
    space: account.data.length,
    data: encodeData(bank, account, config),
  };
}

function encodeData(bank: Bank, account: StoredAccount, config: Config): unknown {
  const data = sliceData(account.data, config['dataSlice']);
  switch (config['encoding'] ?? 'binary') {
    case 'binary':
      return toBase58(data);
    case 'base58':
      return [toBase58(data), 'base58'];
    case 'base64':
      return [Buffer.from(data).toString('base64'), 'base64'];
    case 'base64+zstd':
      return [zstdCompressSync(data).toString('base64'), 'base64+zstd'];
    case 'jsonParsed':
      return parseAccount(bank, account) ?? [Buffer.from(data).toString('base64'), 'base64'];
    default:
      throw invalid('unknown encoding');
  }
}

function sliceData(data: Uint8Array, slice: unknown): Uint8Array {
  if (slice === undefined || slice === null) return data;
  const { offset, length } = readConfig(slice);
  const start = Number(readInteger(offset, 'dataSlice.offset', 2n ** 32n));
  return data.slice(start, start + Number(readInteger(length, 'dataSlice.length', 2n ** 32n)));
}

function toBase58(data: Uint8Array): string {
  if (data.length > MAX_BASE58_BYTES) {
    throw invalid('Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.');
  }
  return getBase58Decoder().decode(data);
}

function parseAccount(bank: Bank, account: StoredAccount): object | null {
  const parsed = parseToken(bank, account) ?? parseMint(account);
  if (parsed === null) return null;
  const program = account.owner === TOKEN_PROGRAM ? 'spl-token' : 'spl-token-2022';
  return { program, parsed, space: account.data.length };
}

function parseToken(bank: Bank, account: StoredAccount): object | null {
  const token = readTokenAccount(account);
  if (token === null) return null;
  const { mint, owner, amount, state, isNative } = token;
  const tokenAmount = toUiAmount(amount, readDecimals(bank, mint));
  return { type: 'account', info: { isNative, mint, owner, state, tokenAmount } };
}

function parseMint(account: StoredAccount): object | null {
  const mint = readMint(account);
  return mint === null ? null : { type: 'mint', info: { ...mint, supply: mint.supply.toString() } };
}
