/**
 * SPL Token and Token-2022: instructions are told apart by their first byte, which both share. Amounts are base units.
 * Exactly the accounts of the row: one more would be a signer of an SPL multisig, or an account for a transfer hook, which is code
 * this engine does not know.
 */
import { openCursor, readByte, readBytes } from '../bytes.ts';
import type { InstructionOf, Layouts } from './layout.ts';
import { layoutDecoder } from './layout.ts';
import type { Decoded, RawInstruction } from './raw.ts';
import { alwaysRefused, fault } from './raw.ts';
import { refusedInterfaces, refusedToken2022Instructions, refusedTokenInstructions } from './refused.ts';

/** The two token programs, as the policy document names them. */
export type TokenProgramName = 'token' | 'token-2022';

const BATCH = 255;
const TRANSFER_FEE = 26;
const TRANSFER_CHECKED_WITH_FEE = 1;
const INTERFACE_BYTES = 8;

const amount = { amount: 'u64' } as const;
const checked = { amount: 'u64', decimals: 'u8' } as const;

const layouts = {
  initializeAccount: { tag: 1, accounts: ['account', 'mint', 'owner', 'rentSysvar'] },
  transfer: { tag: 3, accounts: ['source', 'destination', 'authority'], data: amount },
  approve: { tag: 4, accounts: ['source', 'delegate', 'authority'], data: amount },
  revoke: { tag: 5, accounts: ['source', 'authority'] },
  setAuthority: { tag: 6, accounts: ['account', 'authority'], data: { right: 'u8', newAuthority: 'key?' } },
  burn: { tag: 8, accounts: ['source', 'mint', 'authority'], data: amount },
  closeAccount: { tag: 9, accounts: ['source', 'destination', 'authority'] },
  freezeAccount: { tag: 10, accounts: ['account', 'mint', 'authority'] },
  thawAccount: { tag: 11, accounts: ['account', 'mint', 'authority'] },
  transferChecked: { tag: 12, accounts: ['source', 'mint', 'destination', 'authority'], data: checked },
  approveChecked: { tag: 13, accounts: ['source', 'mint', 'delegate', 'authority'], data: checked },
  burnChecked: { tag: 15, accounts: ['source', 'mint', 'authority'], data: checked },
  initializeAccount2: { tag: 16, accounts: ['account', 'mint', 'rentSysvar'], data: { owner: 'key' } },
  syncNative: { tag: 17, accounts: ['account'] },
  initializeAccount3: { tag: 18, accounts: ['account', 'mint'], data: { owner: 'key' } },
  getAccountDataSize: { tag: 21, accounts: ['mint'], data: { extensions: 'rest' } },
  initializeImmutableOwner: { tag: 22, accounts: ['account'] },
  amountToUiAmount: { tag: 23, accounts: ['mint'], data: amount },
  uiAmountToAmount: { tag: 24, accounts: ['mint'], data: { text: 'rest' } },
  withdrawExcessLamports: { tag: 38, accounts: ['source', 'destination', 'authority'] },
  /** Without an amount: all of it. */
  unwrapLamports: { tag: 45, accounts: ['source', 'destination', 'authority'], data: { amount: 'u64?' } },
} as const satisfies Layouts;

const feeLayouts = {
  /** `amount` leaves the source; `fee` of it does not arrive. */
  transferCheckedWithFee: {
    tag: TRANSFER_FEE | (TRANSFER_CHECKED_WITH_FEE << 8),
    accounts: ['source', 'mint', 'destination', 'authority'],
    data: { amount: 'u64', decimals: 'u8', fee: 'u64' },
  },
} as const satisfies Layouts;

/** One instruction of a token program that is not a batch of others. */
export type TokenCall =
  | InstructionOf<TokenProgramName, typeof layouts>
  | InstructionOf<TokenProgramName, typeof feeLayouts>;

export interface TokenBatch {
  readonly program: TokenProgramName;
  readonly name: 'batch';
  /** At least one, in the order in which the chain runs them. */
  readonly calls: readonly TokenCall[];
}

export type TokenInstruction = TokenCall | TokenBatch;

const decodeTokenCall = layoutDecoder<TokenProgramName, typeof layouts>('token', 1, layouts, refusedTokenInstructions);
const decodeToken2022Plain = layoutDecoder<TokenProgramName, typeof layouts>('token-2022', 1, layouts, [
  ...refusedTokenInstructions,
  ...refusedToken2022Instructions,
]);
const decodeWithFee = layoutDecoder<TokenProgramName, typeof feeLayouts>('token-2022', 2, feeLayouts);

function decodeToken2022Call(raw: RawInstruction): Decoded<TokenCall> {
  const { data } = raw;
  if (refusedInterfaces.has(data.subarray(0, INTERFACE_BYTES).toHex()))
    return alwaysRefused('token-2022', 'interface', 'extension');
  const withFee = data[0] === TRANSFER_FEE && data[1] === TRANSFER_CHECKED_WITH_FEE;
  return withFee ? decodeWithFee(raw) : decodeToken2022Plain(raw);
}

export function decodeSplToken(raw: RawInstruction): Decoded<TokenInstruction> {
  return raw.data[0] === BATCH ? decodeBatch('token', raw, decodeTokenCall) : decodeTokenCall(raw);
}

export function decodeToken2022(raw: RawInstruction): Decoded<TokenInstruction> {
  return raw.data[0] === BATCH ? decodeBatch('token-2022', raw, decodeToken2022Call) : decodeToken2022Call(raw);
}

/**
 * A batch holds instructions behind each other and one list of accounts, of which each takes its part in order. A batch in a batch is refused,
 * as the chain does, and so is one whose lists do not end together.
 */
function decodeBatch(
  program: TokenProgramName,
  raw: RawInstruction,
  decode: (raw: RawInstruction) => Decoded<TokenCall>,
): Decoded<TokenBatch> {
  const cursor = openCursor(raw.data, 1);
  const calls: TokenCall[] = [];
  let taken = 0;
  while (cursor.at < raw.data.length) {
    const count = readByte(cursor);
    const data = readBytes(cursor, readByte(cursor));
    if (cursor.fault !== null || taken + count > raw.accounts.length) return brokenBatch();
    const accounts = raw.accounts.slice(taken, taken + count);
    const positions = raw.positions.slice(taken, taken + count);
    const call = decode({ ...raw, accounts, positions, data });
    if (!call.ok) return fault(call.refusal.code, `in a batch: ${call.refusal.detail}`);
    calls.push(call.value);
    taken += count;
  }
  if (calls.length === 0 || taken !== raw.accounts.length) return brokenBatch();
  return { ok: true, value: { program, name: 'batch', calls } };
}

function brokenBatch() {
  return fault('instruction-malformed', 'a batch whose accounts and data do not end together');
}
