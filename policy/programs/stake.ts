/** The Stake program: instructions are told apart by a little-endian u32. Amounts are lamports; times are seconds and epochs. */
import type { InstructionOf, Layouts } from './layout.ts';
import { layoutDecoder } from './layout.ts';

const layouts = {
  initialize: {
    tag: 0,
    accounts: ['stake', 'rentSysvar'],
    data: { staker: 'key', withdrawer: 'key', lockupTime: 'u64', lockupEpoch: 'u64', custodian: 'key' },
  },
  authorize: {
    tag: 1,
    accounts: ['stake', 'clock', 'authority'],
    optional: ['custodian'],
    data: { newAuthority: 'key', right: 'u32' },
  },
  /** The account `config` has no meaning any more, whatever it is. */
  delegate: { tag: 2, accounts: ['stake', 'vote', 'clock', 'stakeHistory', 'config', 'authority'] },
  split: { tag: 3, accounts: ['stake', 'destination', 'authority'], data: { lamports: 'u64' } },
  withdraw: {
    tag: 4,
    accounts: ['stake', 'to', 'clock', 'stakeHistory', 'authority'],
    optional: ['custodian'],
    data: { lamports: 'u64' },
  },
  deactivate: { tag: 5, accounts: ['stake', 'clock', 'authority'] },
  setLockup: {
    tag: 6,
    accounts: ['stake', 'authority'],
    data: { lockupTime: 'u64?', lockupEpoch: 'u64?', newCustodian: 'key?' },
  },
  merge: { tag: 7, accounts: ['destination', 'stake', 'clock', 'stakeHistory', 'authority'] },
  authorizeWithSeed: {
    tag: 8,
    accounts: ['stake', 'authority', 'clock'],
    optional: ['custodian'],
    data: { newAuthority: 'key', right: 'u32', seed: 'seed', owner: 'key' },
  },
  initializeChecked: { tag: 9, accounts: ['stake', 'rentSysvar', 'staker', 'withdrawer'] },
  authorizeChecked: {
    tag: 10,
    accounts: ['stake', 'clock', 'authority', 'newAuthority'],
    optional: ['custodian'],
    data: { right: 'u32' },
  },
  authorizeCheckedWithSeed: {
    tag: 11,
    accounts: ['stake', 'authority', 'clock', 'newAuthority'],
    optional: ['custodian'],
    data: { right: 'u32', seed: 'seed', owner: 'key' },
  },
  setLockupChecked: {
    tag: 12,
    accounts: ['stake', 'authority'],
    optional: ['newCustodian'],
    data: { lockupTime: 'u64?', lockupEpoch: 'u64?' },
  },
  getMinimumDelegation: { tag: 13, accounts: [] },
  deactivateDelinquent: { tag: 14, accounts: ['stake', 'vote', 'referenceVote'] },
  moveStake: { tag: 16, accounts: ['stake', 'destination', 'authority'], data: { lamports: 'u64' } },
  moveLamports: { tag: 17, accounts: ['stake', 'destination', 'authority'], data: { lamports: 'u64' } },
} as const satisfies Layouts;

export type StakeInstruction = InstructionOf<'stake', typeof layouts>;

export const decodeStake = layoutDecoder('stake', 4, layouts);
