/** What the engine reads in a transaction against what a local chain really takes: fees, rent and the size of token accounts. */

import { generateKeyPairSync, sign } from 'node:crypto';
import type { LiteSVM } from 'litesvm';
import t from 'tap';
import type { EffectContext } from '../../policy/effects.ts';
import { readEffects } from '../../policy/effects.ts';
import { deriveTokenAccount, pubkeyToBytes } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  ED25519_PROGRAM,
  MEMO_V3_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { TokenProgramName } from '../../policy/programs/token.ts';
import type { MintExtension } from '../../policy/programs/token-size.ts';
import { mintExtensions, tokenAccountSize } from '../../policy/programs/token-size.ts';
import type { Pubkey } from '../../policy/types.ts';
import { a, agent, createMint, extensionSetup, mint, openChain, other, send, stranger, u32 } from './chain.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, littleEndian } from './messages.ts';

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

t.test('version 1, batches and signature checks cost what the effects say', async (t) => {
  const pay = { program: SYSTEM_PROGRAM, accounts: [agent, stranger], data: bytesOf(u32(2), 1_000_000_000n) };
  const price = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(3, 9_000_000n) };
  const check = { program: ED25519_PROGRAM, accounts: [], data: signatureCheck() };
  const grow = {
    program: SYSTEM_PROGRAM,
    accounts: [mint, agent],
    data: bytesOf(u32(13), 1_000_000_000n, 0n, pubkeyToBytes(TOKEN_PROGRAM)),
  };
  const config = { priorityFee: 777n, computeUnitLimit: 50_000, loadedAccountsDataSizeLimit: 1 << 20 };
  const v1 = (calls: readonly Call[]): Message => ({ ...buildMessage([agent], calls), version: 1, config });
  const rows: [what: string, message: Message][] = [
    ['version 1', v1([pay])],
    ['version 1 with a price that is ignored', v1([price, pay])],
    ['a signature check', buildMessage([agent], [check])],
    ['three', buildMessage([agent], [check, pay, check, check])],
    ['a signature check in version 1', v1([check])],
    ['an account that may hold lamports already', buildMessage([agent, mint], [grow])],
  ];
  for (const [what, message] of rows)
    t.equal(readCost(message, contextFor(TOKEN_PROGRAM, 165)), measureCost(openChain(), message), what);
});

/** One signature that the precompile accepts: offsets into the instruction itself, signature, key, text. */
function signatureCheck(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const text = bytesOf(104, 105);
  const offsets = [16, 0xffff, 80, 0xffff, 112, text.length, 0xffff].map((value) => littleEndian(BigInt(value), 2));
  return bytesOf(1, 0, ...offsets, sign(null, text, privateKey), key, text);
}

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
