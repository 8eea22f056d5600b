/** What a node tells about a transaction that ran: balances before and after, logs, inner instructions, memo. */
import { getBase58Decoder } from '@solana/kit';
import type { Bank, Outcome } from './bank.ts';
import { stringifyJson } from './json.ts';
import { readDecimals, readTokenAccount, toUiAmount } from './tokens.ts';
import type { WireMessage } from './wire.ts';

const MEMO_PROGRAMS = ['Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo', 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'];

/** The balances of a transaction's accounts at one moment, in the order of its accounts. */
export interface AccountsView {
  readonly balances: readonly bigint[];
  readonly tokens: readonly object[];
}

export function viewAccounts(bank: Bank, addresses: readonly string[]): AccountsView {
  const balances = addresses.map((address) => bank.readAccount(address)?.lamports ?? 0n);
  const tokens = addresses.flatMap((address, accountIndex) => {
    const account = bank.readAccount(address);
    const token = account === null ? null : readTokenAccount(account);
    if (account === null || token === null) return [];
    const uiTokenAmount = toUiAmount(token.amount, readDecimals(bank, token.mint));
    return [{ accountIndex, mint: token.mint, owner: token.owner, programId: account.owner, uiTokenAmount }];
  });
  return { balances, tokens };
}

/** The `meta` object of `getTransaction`, as JSON text. */
export function createMeta(facts: {
  outcome: Outcome;
  fee: bigint;
  before: AccountsView;
  after: AccountsView;
  loaded: { writable: string[]; readonly: string[] };
}): string {
  const { outcome, before, after } = facts;
  return stringifyJson({
    err: outcome.err,
    status: toStatus(outcome.err),
    fee: facts.fee,
    preBalances: before.balances,
    postBalances: after.balances,
    preTokenBalances: before.tokens,
    postTokenBalances: after.tokens,
    innerInstructions: listInner(outcome.inner),
    logMessages: outcome.logs,
    loadedAddresses: facts.loaded,
    rewards: [],
    computeUnitsConsumed: outcome.units,
  });
}

/** The old spelling of an error, which nodes still send beside `err`. */
export function toStatus(err: unknown): object {
  return err === null ? { Ok: null } : { Err: err };
}

export function listInner(inner: Outcome['inner']): object[] {
  return inner.flatMap((instructions, index) => {
    if (instructions.length === 0) return [];
    return [{ index, instructions: instructions.map(toInner) }];
  });
}

/** All memos of a message in a node's form: `[5] hello`, several joined by `; `. */
export function readMemo(message: WireMessage): string | null {
  const memos = message.instructions
    .filter((instruction) => MEMO_PROGRAMS.includes(message.accounts[instruction.program] ?? ''))
    .map(({ data }) => `[${data.length}] ${new TextDecoder().decode(data)}`);
  return memos.length === 0 ? null : memos.join('; ');
}

function toInner(inner: Outcome['inner'][number][number]): object {
  const compiled = inner.instruction();
  return {
    programIdIndex: compiled.programIdIndex(),
    accounts: [...compiled.accounts()],
    data: getBase58Decoder().decode(compiled.data()),
    stackHeight: inner.stackHeight(),
  };
}
