/** Who waits for something to happen to a wallet, and is told when an owner's command reached it. */

export interface Changes {
  notify(wallet: string): void;
  /** Resolves when the wallet is notified, after `ms` milliseconds, or when `gone` ends. */
  wait(wallet: string, ms: number, gone: AbortSignal): Promise<void>;
}

export function createChanges(): Changes {
  const waiting = new Map<string, Set<() => void>>();

  function notify(wallet: string): void {
    for (const wake of [...(waiting.get(wallet) ?? [])]) wake();
  }

  function wait(wallet: string, ms: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const own = waiting.get(wallet) ?? new Set();
      const wake = () => {
        clearTimeout(timer);
        gone.removeEventListener('abort', wake);
        own.delete(wake);
        if (own.size === 0) waiting.delete(wallet);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      gone.addEventListener('abort', wake);
      waiting.set(wallet, own.add(wake));
      if (gone.aborted) wake();
    });
  }

  return { notify, wait };
}
