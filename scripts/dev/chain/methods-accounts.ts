/** Methods that read accounts. */
import { encodeAccount } from './account-encoding.ts';
import type { Ledger } from './ledger.ts';
import { withContext } from './methods-status.ts';
import type { Config } from './params.ts';
import {
  invalid,
  readAddress,
  readBase58,
  readBase64,
  readConfig,
  readContext,
  readInteger,
  readList,
} from './params.ts';
import type { MethodTable } from './rpc-server.ts';
import type { StoredAccount } from './store.ts';
import {
  isTokenProgram,
  readDecimals,
  readMint,
  readTokenAccount,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  toUiAmount,
} from './tokens.ts';

const MAX_ACCOUNTS = 100;
const MAX_FILTERS = 4;

export const ACCOUNT_METHODS: MethodTable = {
  getBalance({ ledger }, [address, config]) {
    readContext(config, ledger);
    return withContext(ledger, ledger.bank.readAccount(readAddress(address, 'address'))?.lamports ?? 0n);
  },
  getAccountInfo({ ledger }, [address, options]) {
    const config = readContext(options, ledger);
    const account = ledger.bank.readAccount(readAddress(address, 'address'));
    return withContext(ledger, encodeAccount(ledger.bank, account, config));
  },
  getMultipleAccounts({ ledger }, [list, options]) {
    const config = { encoding: 'base64', ...readContext(options, ledger) };
    const addresses = readList(list, 'addresses', MAX_ACCOUNTS).map((address) => readAddress(address, 'addresses'));
    const accounts = addresses.map((address) => encodeAccount(ledger.bank, ledger.bank.readAccount(address), config));
    return withContext(ledger, accounts);
  },
  getProgramAccounts({ ledger }, [program, options]) {
    const config = readContext(options, ledger);
    const matches = readFilters(config['filters']);
    const found = ledger.bank.listProgramAccounts(readAddress(program, 'program')).filter(matches);
    const value = found.map((account) => listAccount(ledger, account, config));
    return config['withContext'] === true ? withContext(ledger, value) : value;
  },
  getTokenAccountBalance({ ledger }, [address, config]) {
    readContext(config, ledger);
    const account = ledger.bank.readAccount(readAddress(address, 'address'));
    if (account === null) throw invalid('could not find account');
    const token = readTokenAccount(account);
    if (token === null) throw invalid('not a Token account');
    return withContext(ledger, toUiAmount(token.amount, readDecimals(ledger.bank, token.mint)));
  },
  getTokenSupply({ ledger }, [address, config]) {
    readContext(config, ledger);
    const account = ledger.bank.readAccount(readAddress(address, 'address'));
    const mint = account === null ? null : readMint(account);
    if (mint === null) throw invalid('not a Token mint');
    return withContext(ledger, toUiAmount(mint.supply, mint.decimals));
  },
  getTokenAccountsByOwner({ ledger }, [address, selector, options]) {
    const config = readContext(options, ledger);
    const owner = readAddress(address, 'owner');
    const matches = readSelector(selector);
    const held = [TOKEN_PROGRAM, TOKEN_2022_PROGRAM].flatMap(ledger.bank.listProgramAccounts);
    const found = held.filter((account) => readTokenAccount(account)?.owner === owner && matches(account));
    return withContext(
      ledger,
      found.map((account) => listAccount(ledger, account, config)),
    );
  },
};

function listAccount(ledger: Ledger, account: StoredAccount, config: Config): object {
  return { pubkey: account.address, account: encodeAccount(ledger.bank, account, config) };
}

type Matcher = (account: StoredAccount) => boolean;

function readSelector(value: unknown): Matcher {
  const { mint, programId } = readConfig(value);
  if (mint !== undefined) {
    const wanted = readAddress(mint, 'mint');
    return (account) => readTokenAccount(account)?.mint === wanted;
  }
  const program = readAddress(programId, 'programId');
  if (!isTokenProgram(program)) throw invalid('unrecognized Token program id');
  return (account) => account.owner === program;
}

function readFilters(value: unknown): Matcher {
  const filters = readList(value ?? [], 'filters', MAX_FILTERS).map(readFilter);
  return (account) => filters.every((matches) => matches(account));
}

function readFilter(value: unknown): Matcher {
  const { dataSize, memcmp } = readConfig(value);
  if (dataSize !== undefined) {
    const size = Number(readInteger(dataSize, 'dataSize', 2n ** 32n));
    return (account) => account.data.length === size;
  }
  const { offset, bytes, encoding } = readConfig(memcmp);
  const start = Number(readInteger(offset, 'memcmp.offset', 2n ** 32n));
  const wanted = encoding === 'base64' ? readBase64(bytes, 'memcmp.bytes') : readBase58(bytes, 'memcmp.bytes');
  return ({ data }) => Buffer.compare(data.slice(start, start + wanted.length), wanted) === 0;
}
