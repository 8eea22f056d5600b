/** What the engine reads in a transaction against what a local chain really takes: fees, rent and the size of token accounts. */
import type { Address } from '@solana/kit';
import { getTransactionDecoder, lamports } from '@solana/kit';
import { FailedTransactionMetadata, LiteSVM } from 'litesvm';
import t from 'tap';
import type { EffectContext } from '../../policy/effects.ts';
import { readEffects } from '../../policy/effects.ts';
import { deriveTokenAccount, knownPubkey, pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import { encodeMessage } from '../../policy/message.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_V3_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { TokenProgramName } from '../../policy/programs/token.ts';
import type { MintExtension } from '../../policy/programs/token-size.ts';
import { mintExtensions, tokenAccountSize } from '../../policy/programs/token-size.ts';
import type { Hash, Pubkey } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, littleEndian, testKey } from './messages.ts';

const [agent, other, mint, stranger] = [1, 2, 3, 4].map(testKey) as [Pubkey, Pubkey, Pubkey, Pubkey];
const a = (key: Pubkey) => pubkeyToBase58(key) as Address;
const u32 = (value: number) => littleEndian(BigInt(value), 4);
const key = pubkeyToBytes(other);
const none = new Uint8Array(32);

/** How a mint gets an extension: the bytes it takes in the mint, and the instruction that prepares it. */
type Setup = readonly [bytes: number, data: Uint8Array];
const extensionSetup: Partial<Record<MintExtension, Setup>> = {
  transferFeeConfig: [108, bytesOf(26, 0, 0, 0, 50, 0, 1_000n)],
  mintCloseAuthority: [32, bytesOf(25, 1, key)],
  confidentialTransferMint: [65, bytesOf(27, 0, key, 1, none)],
  defaultAccountState: [1, bytesOf(28, 0, 1)],
  nonTransferable: [0, bytesOf(32)],
  interestBearingConfig: [52, bytesOf(33, 0, key, 0, 0)],
  permanentDelegate: [32, bytesOf(35, key)],
  transferHook: [64, bytesOf(36, 0, key, none)],
  metadataPointer: [64, bytesOf(39, 0, key, none)],
  groupPointer: [64, bytesOf(40, 0, key, none)],
  groupMemberPointer: [64, bytesOf(41, 0, key, none)],
  scaledUiAmountConfig: [56, bytesOf(43, 0, key, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f)],
  pausableConfig: [33, bytesOf(44, 0, key)],
};

function openChain(): LiteSVM {
  const chain = new LiteSVM().withSigverify(false);
  for (const wallet of [agent, other]) chain.airdrop(a(wallet), lamports(100_000_000_000n));
  return chain;
}

function send(chain: LiteSVM, message: Message): void {
  const lifetime = knownPubkey(chain.latestBlockhash()) as string as Hash;
  const signatures = new Uint8Array(64 * message.requiredSignatures);
  // Unchecked, but the chain tells transactions apart by them.
  crypto.getRandomValues(signatures);
  const wire = bytesOf(message.requiredSignatures, signatures, encodeMessage({ ...message, lifetime }));
  const outcome = chain.sendTransaction(getTransactionDecoder().decode(wire));
  if (outcome instanceof FailedTransactionMetadata) throw new Error(outcome.toString());
}

function createMint(chain: LiteSVM, program: Pubkey, extensions: readonly MintExtension[], decimals: number): void {
  const setups = extensions.map((name): Setup => extensionSetup[name] ?? [0, bytesOf()]);
  const size = setups.reduce((sum, [bytes]) => sum + 4 + bytes, extensions.length === 0 ? 82 : 166);
  const rent = chain.minimumBalanceForRentExemption(BigInt(size));
  const data = bytesOf(u32(0), rent, BigInt(size), pubkeyToBytes(program));
  const calls: Call[] = [
    { program: SYSTEM_PROGRAM, accounts: [other, mint], data },
    ...setups.map(([, data]) => ({ program, accounts: [mint], data })),
    { program, accounts: [mint], data: bytesOf(20, decimals, pubkeyToBytes(other), 0) },
  ];
  send(chain, buildMessage([other, mint], calls));
}

function contextFor(program: Pubkey, accountSize: number): EffectContext {
  const mints = new Map([[mint, { tokenProgram: program, decimals: 6, accountSize }]]);
  return { agent, mints, resolveRecipient: () => null, rentPerByte: 6960n };
}

/** Lamports that the effects of a message cost the agent. */
function readCost(message: Message, context: EffectContext): bigint {
  const { effects, refusals } = readEffects([message], context);
  if (refusals.length > 0) throw new Error(refusals[0]?.detail);
  let sum = 0n;
  for (const effect of effects) {
    if (effect.kind === 'fee') sum += effect.base + effect.priority;
    if (effect.kind === 'rent') sum += effect.lamports;
    if (effect.kind === 'transfer' && effect.asset === 'SOL') sum += effect.amount;
  }
  return sum;
}

/** Lamports that the chain takes from the agent for a message. */
function measureCost(chain: LiteSVM, message: Message): bigint {
  const before = chain.getBalance(a(agent)) ?? 0n;
  send(chain, message);
  return before - (chain.getBalance(a(agent)) ?? 0n);
}

const createAccount = (program: Pubkey, tag: number): Call => ({
  program: ASSOCIATED_TOKEN_PROGRAM,
  accounts: [agent, deriveTokenAccount(stranger, mint, program), stranger, mint, SYSTEM_PROGRAM, program],
  data: bytesOf(tag),
});

t.test('the chain takes what the effects say, to the lamport', async (t) => {
  const pay = { program: SYSTEM_PROGRAM, accounts: [agent, stranger], data: bytesOf(u32(2), 1_000_000_000n) };
  const memo = { program: MEMO_V3_PROGRAM, accounts: [agent], data: bytesOf(65) };
  const limit = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(2, u32(123_457)) };
  const price = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(3, 1_000_003n) };
  const heap = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(1, u32(64 * 1024)) };
  const size = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(4, u32(1 << 26)) };
  const create = createAccount(TOKEN_PROGRAM, 0);
  const rows: [what: string, signers: Pubkey[], calls: Call[]][] = [
    ['a payment', [agent], [pay]],
    ['nothing at all', [agent], []],
    ['two signers', [agent, other], [pay]],
    ['another pays the fee', [other, agent], [pay, price]],
    ['limit and price', [agent], [limit, price, pay]],
    ['price without limit', [agent], [price, pay]],
    ['price without limit, with a memo', [agent], [price, pay, memo]],
    ['all four', [agent], [size, price, heap, limit, pay]],
    ['more units than are granted', [agent], [price, ...Array(8).fill(memo)]],
    ['a token account', [agent], [create, price]],
  ];
  for (const [what, signers, calls] of rows) {
    const chain = openChain();
    createMint(chain, TOKEN_PROGRAM, [], 6);
    const message = buildMessage(signers, calls);
    t.equal(readCost(message, contextFor(TOKEN_PROGRAM, 165)), measureCost(chain, message), what);
  }
});

t.test('what the engine refuses of the compute budget the chain rejects', async (t) => {
  const data = [
    bytesOf(0, u32(1), u32(0)),
    bytesOf(1, u32(1024)),
    bytesOf(1, u32(33_000)),
    bytesOf(4, u32(0)),
    bytesOf(5, u32(1)),
  ];
  const calls = data.map((data) => [{ program: COMPUTE_BUDGET_PROGRAM, accounts: [], data }]);
  const twice = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(2, u32(1)) };
  for (const list of [...calls, [twice, twice]]) {
    const message = buildMessage([agent], list);
    t.throws(() => send(openChain(), message));
    t.throws(() => readCost(message, contextFor(TOKEN_PROGRAM, 165)));
  }
});

t.test('token accounts are as large as computed', async (t) => {
  const singles = Object.keys(extensionSetup) as MintExtension[];
  const rows: [TokenProgramName, MintExtension[]][] = [
    ['token', []],
    ['token-2022', []],
    ...singles.map((name): [TokenProgramName, MintExtension[]] => ['token-2022', [name]]),
    ['token-2022', ['transferFeeConfig', 'transferHook', 'pausableConfig', 'permanentDelegate']],
  ];
  for (const [name, extensions] of rows) {
    const chain = openChain();
    const program = name === 'token' ? TOKEN_PROGRAM : TOKEN_2022_PROGRAM;
    createMint(chain, program, extensions, 6);
    const message = buildMessage([agent], [createAccount(program, 1)]);
    const size = tokenAccountSize(name, extensions);
    const what = `${name} ${extensions.join(' ')}`;
    t.equal(readCost(message, contextFor(program, size)), measureCost(chain, message), what);
    const account = chain.getAccount(a(deriveTokenAccount(stranger, mint, program)));
    t.equal(account.exists && account.data.length, size, what);
  }
});

t.test('extensions that no instruction of ours sets up add nothing', async (t) => {
  const rest = mintExtensions.filter((name) => extensionSetup[name] === undefined);
  t.equal(tokenAccountSize('token-2022', rest), 170, rest.join(' '));
});
