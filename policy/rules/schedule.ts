/** When the wallet may sign. All times are UTC; what the clock says is trusted here and checked elsewhere. */
import type { Millis, Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { violate } from './facts.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS_PER_WEEK = 7;
/** The first of January 1970 was a Thursday. */
const EPOCH_DAY = 4;

export function judgeSchedule({ policy, now }: Facts): Violation[] {
  const { hours, days, notBefore, notAfter } = policy.schedule;
  const violations: Violation[] = [];
  if (notBefore !== null && now < notBefore) violations.push(violate('not-before', waiting(notBefore - now)));
  if (notAfter !== null && now >= notAfter) violations.push(violate('not-after', {}));
  if (days !== null && !days.has(dayOf(now))) violations.push(violate('day-closed', waiting(untilDay(days, now))));
  if (hours !== null && !isOpen(hours, now))
    violations.push(violate('hours-closed', waiting(untilHour(hours[0], now))));
  return violations;
}

/**
 * `lastSignedAt` is the last signature, or the boot's first lease if that is later: a signature the host hides came before it. Several
 * transactions at once would be several signatures without a pause.
 */
export function judgeCooldown({ policy, now, lastSignedAt, transactions }: Facts): Violation[] {
  const { cooldownMs } = policy.schedule;
  if (cooldownMs === 0) return [];
  if (transactions > 1)
    return [violate('cooldown', { detail: 'under a cooldown one transaction is signed at a time' })];
  if (lastSignedAt === null || now - lastSignedAt >= cooldownMs) return [];
  return [violate('cooldown', waiting(lastSignedAt + cooldownMs - now))];
}

function waiting(milliseconds: number): { retryAfter: number } {
  return { retryAfter: Math.ceil(milliseconds / 1_000) };
}

function dayOf(now: Millis): number {
  return (Math.floor(now / DAY_MS) + EPOCH_DAY) % DAYS_PER_WEEK;
}

/** [start, end), also over midnight. */
function isOpen([start, end]: readonly [number, number], now: Millis): boolean {
  const hour = Math.floor((now % DAY_MS) / HOUR_MS);
  return start < end ? hour >= start && hour < end : hour >= start || hour < end;
}

function untilHour(start: number, now: Millis): number {
  return (start * HOUR_MS - (now % DAY_MS) + DAY_MS) % DAY_MS;
}

function untilDay(days: ReadonlySet<number>, now: Millis): number {
  const today = dayOf(now);
  let ahead = 1;
  while (ahead < DAYS_PER_WEEK && !days.has((today + ahead) % DAYS_PER_WEEK)) ahead += 1;
  return ahead * DAY_MS - (now % DAY_MS);
}
