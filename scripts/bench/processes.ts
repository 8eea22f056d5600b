/** What processes use of the machine, as Linux tells it; nothing elsewhere. */

import { readFileSync } from 'node:fs';

/** `/proc/PID/stat` counts in ticks of this length on every Linux there is: milliseconds. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

export interface Usage {
  /** Of all processes together since their start, milliseconds. */
  readonly cpuMs: number;
  /** Resident, bytes. */
  readonly memory: number;
}

export function readUsage(pids: readonly number[]): Usage | null {
  try {
    const all = pids.map(readProcess);
    return { cpuMs: sum(all.map(({ cpuMs }) => cpuMs)), memory: sum(all.map(({ memory }) => memory)) };
  } catch {
    return null;
  }
}

function readProcess(pid: number): Usage {
  // The name in parentheses may hold blanks: fields are counted from its end.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  const at = (field: number) => Number(fields[field - 3]);
  return { cpuMs: (at(14) + at(15)) * TICK_MS, memory: at(24) * PAGE_BYTES };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
