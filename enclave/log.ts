/** One JSON line per event on standard error. Facts are numbers, names and hashes; never key material, never what a request contained. */

export type LogFacts = Readonly<Record<string, string | number | boolean>>;

export interface Log {
  info(event: string, facts?: LogFacts): void;
  error(event: string, facts?: LogFacts): void;
}

/** A log that writes lines through `write`. Has no time of its own: whoever collects the lines stamps them. */
export function createLog(write: (line: string) => void): Log {
  const line = (level: string, event: string, facts: LogFacts = {}) =>
    write(`${JSON.stringify({ level, event, ...facts })}\n`);
  return { info: (event, facts) => line('info', event, facts), error: (event, facts) => line('error', event, facts) };
}

/** Where an unexpected error came from: its name and the first place of its stack, not its message, which could quote input. */
export function describeFault(error: unknown): LogFacts {
  if (!(error instanceof Error)) return { fault: typeof error };
  const place = error.stack?.split('\n').find((row) => row.trimStart().startsWith('at '));
  return { fault: error.name, place: (place ?? '').trim().slice(0, 200) };
}
