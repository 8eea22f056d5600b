/** The System program: instructions are told apart by a little-endian u32. Amounts are lamports, `space` is bytes. */
import type { InstructionOf, Layouts } from './layout.ts';
import { layoutDecoder } from './layout.ts';

const layouts = {
  createAccount: { tag: 0, accounts: ['payer', 'account'], data: { lamports: 'u64', space: 'u64', owner: 'key' } },
  assign: { tag: 1, accounts: ['account'], data: { owner: 'key' } },
  transfer: { tag: 2, accounts: ['from', 'to'], data: { lamports: 'u64' } },
  createAccountWithSeed: {
    tag: 3,
    accounts: ['payer', 'account'],
    // The base need not be named again when it is the payer.
    optional: ['baseAccount'],
    data: { base: 'key', seed: 'seed', lamports: 'u64', space: 'u64', owner: 'key' },
  },
  advanceNonceAccount: { tag: 4, accounts: ['nonce', 'recentBlockhashes', 'authority'] },
  withdrawNonceAccount: {
    tag: 5,
    accounts: ['nonce', 'to', 'recentBlockhashes', 'rentSysvar', 'authority'],
    data: { lamports: 'u64' },
  },
  initializeNonceAccount: {
    tag: 6,
    accounts: ['nonce', 'recentBlockhashes', 'rentSysvar'],
    data: { authority: 'key' },
  },
  authorizeNonceAccount: { tag: 7, accounts: ['nonce', 'authority'], data: { newAuthority: 'key' } },
  allocate: { tag: 8, accounts: ['account'], data: { space: 'u64' } },
  allocateWithSeed: {
    tag: 9,
    accounts: ['account', 'baseAccount'],
    data: { base: 'key', seed: 'seed', space: 'u64', owner: 'key' },
  },
  assignWithSeed: { tag: 10, accounts: ['account', 'baseAccount'], data: { base: 'key', seed: 'seed', owner: 'key' } },
  transferWithSeed: {
    tag: 11,
    accounts: ['from', 'base', 'to'],
    data: { lamports: 'u64', seed: 'seed', owner: 'key' },
  },
  upgradeNonceAccount: { tag: 12, accounts: ['nonce'] },
  /** SIMD-0312: the account may hold lamports already; with none to add there is no payer. */
  createAccountAllowPrefund: {
    tag: 13,
    accounts: ['account'],
    optional: ['payer'],
    data: { lamports: 'u64', space: 'u64', owner: 'key' },
  },
} as const satisfies Layouts;

export type SystemInstruction = InstructionOf<'system', typeof layouts>;

export const decodeSystem = layoutDecoder('system', 4, layouts);
