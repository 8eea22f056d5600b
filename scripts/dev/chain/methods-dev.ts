/** What only a development chain offers: airdrops, and (`dev_…`, on no real node) mints made to order. */
import { DEFAULT_MINT_NAME } from './mint.ts';
import type { Config } from './params.ts';
import { invalid, readAddress, readConfig, readContext, readInteger, readString } from './params.ts';
import type { Chain, MethodTable } from './rpc-server.ts';
import { isTokenProgram, readMint, TOKEN_PROGRAM } from './tokens.ts';

/** Most that one airdrop gives, in lamports: 1,000,000 SOL. */
const MAX_AIRDROP_LAMPORTS = 1_000_000n * 1_000_000_000n;
const MAX_DECIMALS = 18n;
const MAX_U64 = 2n ** 64n - 1n;
const MINT_NAME = /^[A-Za-z0-9._-]{1,32}$/;

export const DEV_METHODS: MethodTable = {
  requestAirdrop({ ledger, faucet }, [address, lamports, config]) {
    readContext(config, ledger);
    return faucet.giveLamports(
      readAddress(address, 'address'),
      readInteger(lamports, 'lamports', MAX_AIRDROP_LAMPORTS),
    );
  },
  /** `{name?, decimals?, tokenProgram?}` → `{mint, decimals, tokenProgram, created}`; the same name gives the same mint again. */
  dev_createMint: (chain, [options]) => createMint(chain, readConfig(options)),
  /** `{mint, owner, amount}` (base units, decimal string) → `{tokenAccount, signature}`, for mints of this chain's faucet. */
  dev_mintTo: (chain, [options]) => mintTo(chain, readConfig(options)),
};

async function createMint({ ledger, faucet }: Chain, config: Config): Promise<object> {
  const name = readString(config['name'] ?? DEFAULT_MINT_NAME, 'name');
  if (!MINT_NAME.test(name)) throw invalid('name must be 1 to 32 letters, digits, dots, dashes');
  const decimals = Number(readInteger(config['decimals'] ?? 6, 'decimals', MAX_DECIMALS));
  const tokenProgram = readAddress(config['tokenProgram'] ?? TOKEN_PROGRAM, 'tokenProgram');
  if (!isTokenProgram(tokenProgram)) throw invalid('tokenProgram must be SPL Token or Token-2022');
  const mint = await faucet.findMint(name);
  const existing = ledger.bank.readAccount(mint);
  if (existing === null) {
    await faucet.createMint({ name, decimals, tokenProgram });
    return { mint, decimals, tokenProgram, created: true };
  }
  if (existing.owner !== tokenProgram || readMint(existing)?.decimals !== decimals) {
    throw invalid('a mint of this name exists with another program or other decimals');
  }
  return { mint, decimals, tokenProgram, created: false };
}

async function mintTo({ ledger, faucet }: Chain, config: Config): Promise<object> {
  const address = readAddress(config['mint'], 'mint');
  const account = ledger.bank.readAccount(address);
  const mint = account === null ? null : readMint(account);
  if (account === null || mint === null) throw invalid('mint is not a mint');
  const text = readString(config['amount'], 'amount');
  if (!/^\d{1,20}$/.test(text)) throw invalid('amount must be base units as a decimal string');
  const amount = readInteger(BigInt(text), 'amount', MAX_U64);
  const owner = readAddress(config['owner'], 'owner');
  return await faucet.giveTokens({
    mint: address,
    tokenProgram: account.owner,
    decimals: mint.decimals,
    owner,
    amount,
  });
}
