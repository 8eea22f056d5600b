/**
 * Trusted time: the NSM's, read at the start, every minute, and out of every attestation document; between readings the machine's
 * monotonic counter goes on from it. Time shown never goes back. When two readings contradict the counter, or the NSM steps back, or it
 * does not answer, the clock stops until it agrees again. Nothing else in this process reads the time.
 */

import type { Millis } from '../policy/types.ts';
import {
  CLOCK_BACKWARD_MS,
  CLOCK_DISAGREEMENT_MS,
  CLOCK_EVERY_MS,
  CLOCK_MAX_AGE_MS,
  CLOCK_PROOF_MS,
  CLOCK_RETRY_MS,
} from './limits.ts';
import { ReeveError } from './link/errors.ts';

export interface Clock {
  /** Now, or `clock-untrusted`. */
  now(): Millis;
  /** The latest time there was reason to believe: for records and for what only makes things stricter. */
  read(): Millis;
  /** Takes the timestamp of a document the NSM has just made: milliseconds. */
  observe(timestamp: number): void;
  /** Asks the NSM once, and then for ever. The first answer is believed. */
  start(): Promise<void>;
  stop(): void;
}

/** The last reading that counts, and whether it is believed. `at` is the counter's value. */
interface Belief {
  readonly anchor: { readonly time: number; readonly at: number };
  readonly trusted: boolean;
}

/** What a further reading leaves of what was believed; `shown` is the latest time given out. */
function takeReading({ anchor, trusted }: Belief, time: number, at: number, shown: number): Belief {
  const expected = anchor.time + at - anchor.at;
  if (Math.abs(time - expected) > CLOCK_DISAGREEMENT_MS) return { anchor: { time, at }, trusted: false };
  // Two readings at one moment agree whatever the clock does: they prove nothing.
  if (!trusted && at - anchor.at < CLOCK_PROOF_MS) return { anchor, trusted };
  return { anchor: { time, at }, trusted: time >= shown - CLOCK_BACKWARD_MS };
}

/** `askNsm` gives the NSM's time, or null when it cannot; `count` is a monotonic counter. Both in milliseconds. */
export function createClock(
  askNsm: () => Promise<number | null>,
  count: () => number = () => performance.now(),
): Clock {
  let belief: Belief | null = null;
  let highest = 0;
  let timer: NodeJS.Timeout | undefined;

  function read(): Millis {
    if (belief?.trusted === true) {
      highest = Math.max(highest, Math.floor(belief.anchor.time + count() - belief.anchor.at));
    }
    return highest as Millis;
  }

  function observe(time: number): void {
    const at = count();
    belief = belief === null ? { anchor: { time, at }, trusted: true } : takeReading(belief, time, at, read());
    if (!belief.trusted) schedule(CLOCK_RETRY_MS);
  }

  function schedule(delay: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), delay);
    timer.unref();
  }

  async function ask(): Promise<void> {
    const time = await askNsm();
    schedule(CLOCK_EVERY_MS);
    if (time !== null) observe(time);
    else if (belief !== null) belief = { ...belief, trusted: false };
    if (belief?.trusted !== true) schedule(CLOCK_RETRY_MS);
  }

  function now(): Millis {
    const time = read();
    if (belief?.trusted !== true || count() - belief.anchor.at > CLOCK_MAX_AGE_MS) {
      throw new ReeveError('clock-untrusted', { trusted: belief?.trusted ?? false });
    }
    return time;
  }

  return { now, read, observe, start: ask, stop: () => clearTimeout(timer) };
}
