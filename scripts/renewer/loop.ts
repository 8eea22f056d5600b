/** The always-on renewer: looks at every wallet again and again until told to stop. */

import { setTimeout as wait } from 'node:timers/promises';
import type { Keeper, RenewOutcome } from './keeper.ts';

/** Alarms that mean a fork, a roll-back or an enclave that is not ours: they stay in the exit code even when they pass. */
const GRAVE: ReadonlySet<string> = new Set([
  'statement-went-back',
  'boot-superseded',
  'history-lost',
  'statement-mismatch',
  'document-mode',
  'pcr-mismatch',
  'root-untrusted',
]);

export interface LoopOptions {
  readonly wallets: readonly string[] | null;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  /** Called when what is known of a wallet changed. */
  onChange(outcome: RenewOutcome): void;
}

/** Runs until `signal` aborts. Resolves to whether there was no grave alarm. Rejects only when the witness itself fails. */
export async function runLoop(keeper: Keeper, { wallets, everyMs, signal, onChange }: LoopOptions): Promise<boolean> {
  const last = new Map<string, string>();
  let well = true;
  while (!signal.aborted) {
    for (const outcome of await keeper.renew(wallets)) {
      if (isGrave(outcome)) well = false;
      const state =
        outcome.result === 'leased' ? `leased ${outcome.number}` : `${outcome.result} ${outcome.code ?? ''}`;
      if (outcome.result !== 'holds' && last.get(outcome.wallet) !== state) onChange(outcome);
      last.set(outcome.wallet, state);
    }
    await wait(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return well;
}

export function isGrave({ result, code }: RenewOutcome): boolean {
  return result === 'alarm' && code !== undefined && GRAVE.has(code);
}
