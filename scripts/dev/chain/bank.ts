/**
 * LiteSVM, wrapped: accounts in the store's shape, one clock, and outcomes in the shape a node answers. Blockhashes and repeated
 * signatures are NOT checked here (`ledger.ts` does both): LiteSVM knows a single blockhash only. Synchronous throughout.
 */
import type { Address, Lamports } from '@solana/kit';
import { getAddressDecoder } from '@solana/kit';
import type { InnerInstruction, TransactionMetadata } from 'litesvm';
import { Clock, FailedTransactionMetadata, LiteSVM } from 'litesvm';
import { SLOTS_PER_EPOCH } from './slots.ts';
import type { StoredAccount } from './store.ts';
import type { TransactionError } from './transaction-errors.ts';
import { toTransactionError } from './transaction-errors.ts';
import type { WireTransaction } from './wire.ts';

/** How many past slots programs can see in the slot hashes sysvar (making a lookup table needs a recent one). */
const VISIBLE_SLOTS = 150;

export interface Outcome {
  readonly err: TransactionError | null;
  readonly logs: readonly string[];
  readonly units: bigint;
  readonly returnData: { readonly programId: string; readonly data: Uint8Array } | null;
  readonly inner: readonly InnerInstruction[][];
}

export type Bank = ReturnType<typeof createBank>;

/** A program that LiteSVM does not bring along. */
export interface AddedProgram {
  readonly address: string;
  readonly code: Uint8Array;
}

/** A fresh machine holding `programs` and `accounts`. `ranBefore` is how many transactions earlier runs executed on them. */
export function createBank(
  accounts: readonly StoredAccount[],
  ranBefore: bigint,
  programs: readonly AddedProgram[] = [],
) {
  const svm = new LiteSVM().withBlockhashCheck(false).withTransactionHistory(0n);
  for (const { address, code } of programs) svm.addProgram(address as Address, code);
  const writeAccount = (account: StoredAccount) => svm.setAccount(toSvmAccount(account));
  for (const account of orderForLoading(accounts)) writeAccount(account);
  // Nonces derive from LiteSVM's own blockhash, which starts anew with each process: move on, so that no nonce comes twice.
  for (let done = 0n; done <= ranBefore; done++) svm.expireBlockhash();
  return {
    writeAccount,
    readAccount(address: string): StoredAccount | null {
      const account = svm.getAccount(address as Address);
      return account.exists && account.lamports > 0n ? fromSvmAccount(account) : null;
    },
    listProgramAccounts: (program: string) =>
      svm
        .getProgramAccounts(program as Address)
        .filter((account) => account.lamports > 0n)
        .map(fromSvmAccount),
    rentFor: (space: bigint) => svm.minimumBalanceForRentExemption(space),
    /** Sets what programs read as the time: the slot, and `time` in milliseconds since the Unix epoch. */
    setClock(slot: bigint, time: number) {
      if (svm.getClock().slot !== slot) svm.setSlotHashes(listSlotHashes(slot, svm.latestBlockhash()));
      svm.setClock(toClock(slot, BigInt(Math.floor(time / 1000))));
    },
    execute(wire: WireTransaction): Outcome {
      const outcome = readOutcome(svm.sendTransaction(wire.transaction));
      svm.expireBlockhash();
      return outcome;
    },
    /** Runs a transaction on a copy: nothing changes. `changed` holds its accounts as they would be after it. */
    simulate(wire: WireTransaction, verify: boolean): Outcome & { readonly changed: readonly StoredAccount[] } {
      svm.withSigverify(verify);
      try {
        const result = svm.simulateTransaction(wire.transaction);
        if (result instanceof FailedTransactionMetadata) return { ...readOutcome(result), changed: [] };
        return { ...toOutcome(null, result.meta()), changed: result.postAccounts().map(fromSvmAccount) };
      } finally {
        svm.withSigverify(true);
      }
    },
  };
}

/** A program can only be loaded when the account that holds its code is there. */
function orderForLoading(accounts: readonly StoredAccount[]): StoredAccount[] {
  const present = accounts.filter((account) => account.lamports > 0n);
  return present.toSorted((left, right) => Number(left.executable) - Number(right.executable));
}

function toClock(slot: bigint, seconds: bigint): Clock {
  const epoch = slot / SLOTS_PER_EPOCH;
  return new Clock(slot, seconds, epoch, epoch + 1n, seconds);
}

function listSlotHashes(slot: bigint, hash: string) {
  return Array.from({ length: VISIBLE_SLOTS }, (_, index) => ({ slot: slot - 1n - BigInt(index), hash }));
}

function readOutcome(result: TransactionMetadata | FailedTransactionMetadata): Outcome {
  if (result instanceof FailedTransactionMetadata) return toOutcome(toTransactionError(result.err()), result.meta());
  return toOutcome(null, result);
}

function toOutcome(err: TransactionError | null, meta: TransactionMetadata): Outcome {
  const data = meta.returnData().data();
  const programId = getAddressDecoder().decode(meta.returnData().programId());
  return {
    err,
    logs: meta.logs(),
    units: meta.computeUnitsConsumed(),
    returnData: data.length === 0 ? null : { programId, data },
    inner: meta.innerInstructions(),
  };
}

function toSvmAccount({ address, lamports, owner, executable, data }: StoredAccount) {
  return {
    address: address as Address,
    lamports: lamports as Lamports,
    programAddress: owner as Address,
    space: BigInt(data.length),
    executable,
    data,
  };
}

function fromSvmAccount(account: ReturnType<typeof toSvmAccount> | SvmAccount): StoredAccount {
  const { address, lamports, programAddress, executable, data } = account;
  return { address, lamports, owner: programAddress, executable, data: Uint8Array.from(data) };
}

type SvmAccount = ReturnType<LiteSVM['getProgramAccounts']>[number];
