/** Methods that take transactions or tell about those that ran. What ran is final at once: there are no forks here. */
import { getBase58Decoder } from '@solana/kit';
import { encodeAccount } from './account-encoding.ts';
import { rpcFault } from './faults.ts';
import { computeFee } from './fee.ts';
import { parseJson } from './json.ts';
import type { Ledger } from './ledger.ts';
import { findLifetimeError, loadAddresses, simulateTransaction, submitTransaction } from './ledger.ts';
import { listInner, toStatus } from './meta.ts';
import { withContext } from './methods-status.ts';
import type { Config } from './params.ts';
import {
  invalid,
  readAddress,
  readBase64,
  readBoolean,
  readConfig,
  readContext,
  readInteger,
  readList,
  readSignature,
  readWireTransaction,
} from './params.ts';
import type { MethodTable } from './rpc-server.ts';
import type { StoredAccount, StoredTransaction } from './store.ts';
import type { WireMessage } from './wire.ts';
import { decodeWireMessage, decodeWireTransaction } from './wire.ts';

const MAX_STATUSES = 256;
const MAX_HISTORY = 1000n;
const MAX_SIMULATED_ACCOUNTS = 64;

export const TRANSACTION_METHODS: MethodTable = {
  sendTransaction({ ledger }, [transaction, options]) {
    const config = readContext(options, ledger);
    const wire = readWireTransaction(transaction, config['encoding']);
    return submitTransaction(ledger, wire, readBoolean(config['skipPreflight'], 'skipPreflight'));
  },
  simulateTransaction: ({ ledger }, [transaction, options]) =>
    withContext(ledger, simulate(ledger, transaction, readContext(options, ledger))),
  getFeeForMessage({ ledger }, [text, config]) {
    readContext(config, ledger);
    const message = decodeWireMessage(readBase64(text, 'message'));
    return withContext(ledger, findLifetimeError(ledger, message) === null ? computeFee(message) : null);
  },
  getSignatureStatuses({ ledger }, [list]) {
    const signatures = readList(list, 'signatures', MAX_STATUSES).map((text) => readSignature(text, 'signatures'));
    return withContext(
      ledger,
      signatures.map((signature) => toSignatureStatus(ledger.store.readTransaction(signature))),
    );
  },
  getTransaction({ ledger }, [signature, options]) {
    const config = readContext(typeof options === 'string' ? { encoding: options } : options, ledger);
    const found = ledger.store.readTransaction(readSignature(signature, 'signature'));
    return found === null ? null : describeTransaction(found, config);
  },
  getSignaturesForAddress({ ledger }, [address, options]) {
    const config = readContext(options, ledger);
    const bound = (name: string) => (config[name] === undefined ? null : readSignature(config[name], name));
    const limit = Number(readInteger(config['limit'] ?? MAX_HISTORY, 'limit', MAX_HISTORY));
    const query = { address: readAddress(address, 'address'), before: bound('before'), until: bound('until'), limit };
    return ledger.store.readHistory(query).map(toHistoryEntry);
  },
};

function simulate(ledger: Ledger, transaction: unknown, config: Config): object {
  const wire = readWireTransaction(transaction, config['encoding']);
  const verify = readBoolean(config['sigVerify'], 'sigVerify');
  const replace = readBoolean(config['replaceRecentBlockhash'], 'replaceRecentBlockhash');
  if (verify && replace) throw invalid('sigVerify may not be used with replaceRecentBlockhash');
  const trial = simulateTransaction(ledger, wire, { verify, checkLifetime: !replace });
  const { returnData } = trial;
  const data = returnData === null ? null : [Buffer.from(returnData.data).toString('base64'), 'base64'];
  return {
    err: trial.err,
    logs: trial.logs,
    fee: computeFee(wire.message),
    unitsConsumed: trial.units,
    returnData: returnData === null ? null : { programId: returnData.programId, data },
    innerInstructions: readBoolean(config['innerInstructions'], 'innerInstructions') ? listInner(trial.inner) : null,
    accounts: listSimulatedAccounts(ledger, trial.changed, config),
    loadedAddresses: loadAddresses(ledger.bank, wire.message),
    preBalances: null,
    postBalances: null,
    preTokenBalances: null,
    postTokenBalances: null,
    replacementBlockhash: replace ? ledger.slots.latest() : null,
  };
}

function listSimulatedAccounts(ledger: Ledger, changed: readonly StoredAccount[], config: Config): unknown {
  if (config['accounts'] === undefined || config['accounts'] === null) return null;
  const { addresses, encoding } = readConfig(config['accounts']);
  const wanted = readList(addresses, 'accounts.addresses', MAX_SIMULATED_ACCOUNTS);
  return wanted.map((value) => {
    const address = readAddress(value, 'accounts.addresses');
    const account = changed.find((each) => each.address === address) ?? ledger.bank.readAccount(address);
    return encodeAccount(ledger.bank, account, { encoding: encoding ?? 'base64' });
  });
}

function readErr(transaction: StoredTransaction): unknown {
  return transaction.err === null ? null : parseJson(transaction.err);
}

function toSignatureStatus(found: StoredTransaction | null): object | null {
  if (found === null) return null;
  const err = readErr(found);
  return { slot: found.slot, confirmations: null, confirmationStatus: 'finalized', err, status: toStatus(err) };
}

function toHistoryEntry(found: StoredTransaction): object {
  const { signature, slot, time, memo } = found;
  return { signature, slot, err: readErr(found), memo, blockTime: time, confirmationStatus: 'finalized' };
}

function describeTransaction(found: StoredTransaction, config: Config): object {
  const { message } = decodeWireTransaction(found.wire);
  const newest = config['maxSupportedTransactionVersion'];
  if (message.version !== 'legacy' && (typeof newest !== 'number' || newest < message.version)) {
    const text = `Transaction version (${message.version}) is not supported by the requesting client.`;
    throw rpcFault('unsupportedVersion', text);
  }
  return {
    slot: found.slot,
    blockTime: found.time,
    meta: parseJson(found.meta),
    transaction: encodeTransaction(found, message, config['encoding'] ?? 'json'),
    ...(newest === undefined ? {} : { version: message.version }),
  };
}

function encodeTransaction(found: StoredTransaction, message: WireMessage, encoding: unknown): unknown {
  switch (encoding) {
    case 'base64':
      return [Buffer.from(found.wire).toString('base64'), 'base64'];
    case 'base58':
      return [getBase58Decoder().decode(found.wire), 'base58'];
    case 'json':
      return { signatures: listSignatures(found.wire), message: toJsonMessage(message) };
    default:
      throw invalid('unsupported encoding, use base64 or json');
  }
}

function listSignatures(wire: Uint8Array): string[] {
  const { signatures } = decodeWireTransaction(wire).transaction;
  return Object.values(signatures).map((bytes) => getBase58Decoder().decode(bytes ?? new Uint8Array(64)));
}

function toJsonMessage(message: WireMessage): object {
  return {
    accountKeys: message.accounts,
    header: {
      numRequiredSignatures: message.signers,
      numReadonlySignedAccounts: message.readonlySigners,
      numReadonlyUnsignedAccounts: message.readonlyOthers,
    },
    recentBlockhash: message.lifetime,
    instructions: message.instructions.map(({ program, accounts, data }) => ({
      programIdIndex: program,
      accounts,
      data: getBase58Decoder().decode(data),
      stackHeight: 1,
    })),
    ...(message.version === 0 ? { addressTableLookups: message.lookups.map(toJsonLookup) } : {}),
  };
}

function toJsonLookup(lookup: WireMessage['lookups'][number]): object {
  return { accountKey: lookup.table, writableIndexes: lookup.writable, readonlyIndexes: lookup.readonly };
}
