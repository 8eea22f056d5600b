/** Methods about the chain itself: slots, blockhashes, epoch, rent, version. */

import type { Ledger } from './ledger.ts';
import { readContext, readInteger, readString } from './params.ts';
import type { MethodTable } from './rpc-server.ts';
import { hashGenesis, SLOTS_PER_EPOCH } from './slots.ts';
import { readGenesis } from './store.ts';

/** What `getVersion` answers: nobody shall take this for a real cluster. */
export const VERSION = '3.0.0-reeve-dev (simulated chain)';
/** The largest account there can be, in bytes. */
const MAX_ACCOUNT_BYTES = 10n * 1024n * 1024n;

/** Wraps a value the way nodes answer what depends on a slot. */
export function withContext(ledger: Ledger, value: unknown): object {
  return { context: { apiVersion: '3.0.0', slot: ledger.slots.current() }, value };
}

export const STATUS_METHODS: MethodTable = {
  getHealth: () => 'ok',
  getVersion: () => ({ 'solana-core': VERSION, 'feature-set': 0 }),
  getGenesisHash({ ledger }) {
    const genesis = readGenesis(ledger.store);
    return genesis === null ? null : hashGenesis(genesis);
  },
  getSlot({ ledger }, [config]) {
    readContext(config, ledger);
    return ledger.slots.current();
  },
  getBlockHeight({ ledger }, [config]) {
    readContext(config, ledger);
    return ledger.slots.current();
  },
  getEpochInfo({ ledger }, [config]) {
    readContext(config, ledger);
    const slot = ledger.slots.current();
    return {
      absoluteSlot: slot,
      blockHeight: slot,
      epoch: slot / SLOTS_PER_EPOCH,
      slotIndex: slot % SLOTS_PER_EPOCH,
      slotsInEpoch: SLOTS_PER_EPOCH,
      transactionCount: ledger.store.countTransactions(),
    };
  },
  getLatestBlockhash({ ledger }, [config]) {
    readContext(config, ledger);
    return withContext(ledger, ledger.slots.latest());
  },
  isBlockhashValid({ ledger }, [blockhash, config]) {
    readContext(config, ledger);
    return withContext(ledger, ledger.slots.findLifetime(readString(blockhash, 'blockhash')) !== null);
  },
  getMinimumBalanceForRentExemption({ ledger }, [size, config]) {
    readContext(config, ledger);
    return ledger.bank.rentFor(readInteger(size, 'size', MAX_ACCOUNT_BYTES));
  },
};
