/** What the proxy counts as it works. Plain numbers that nothing but a scrape reads; to count costs less than a microsecond. */

import type { Outcome } from '../../enclave/link/schema/registry.ts';
import type { Family, Sample } from './text.ts';

/** Upper bounds of the store's latencies, seconds. */
const STORE_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10] as const;

export type Decision = Outcome<'agent', 'sign' | 'message.sign'>;
export type Queue = 'enclave' | 'store';

export interface Meters {
  /** One decision of the enclave. */
  countDecision(result: Decision): void;
  /** One answered request of an agent. */
  countRequest(route: string, status: number): void;
  /** Counts what waits in a queue while `work` is under way. */
  track<T>(queue: Queue, work: () => Promise<T>): Promise<T>;
  /** A result's wait for the disk: how many, how long, and whether the disk refused. */
  trackStore(work: () => Promise<void>): Promise<void>;
  readonly families: () => Family[];
}

export function createMeters(): Meters {
  const decisions = createCounter(['outcome', 'code']);
  const requests = createCounter(['route', 'status']);
  const store = createHistogram(STORE_BOUNDS);
  const depths: Record<Queue, number> = { enclave: 0, store: 0 };
  let failures = 0;

  async function track<T>(queue: Queue, work: () => Promise<T>): Promise<T> {
    depths[queue] += 1;
    try {
      return await work();
    } finally {
      depths[queue] -= 1;
    }
  }

  async function trackStore(work: () => Promise<void>): Promise<void> {
    const start = performance.now();
    try {
      await track('store', work);
      store.observe((performance.now() - start) / 1000);
    } catch (cause) {
      failures += 1;
      throw cause;
    }
  }

  return {
    countDecision: (result) => decisions.add([result.outcome, reasonOf(result)]),
    countRequest: (route, status) => requests.add([route, String(status)]),
    track,
    trackStore,
    families: () => [
      counter('reeve_decisions_total', 'Decisions of the enclave by outcome and first reason.', decisions.samples()),
      counter('reeve_requests_total', 'Answered requests of agents by route and HTTP status.', requests.samples()),
      counter('reeve_store_failures_total', 'Results not released because the disk refused.', [{ value: failures }]),
      {
        name: 'reeve_store_seconds',
        type: 'histogram',
        help: 'How long a signed result waited until its receipt was on the disk.',
        samples: store.samples(),
      },
      {
        name: 'reeve_queue_depth',
        type: 'gauge',
        help: 'Requests in flight to the enclave, and results that wait for the disk.',
        samples: Object.entries(depths).map(([queue, value]) => ({ labels: { queue }, value })),
      },
    ],
  };
}

/** The first reason against it, or `allow`. */
function reasonOf(result: Decision): string {
  switch (result.outcome) {
    case 'signed':
      return result.repeated ? 'repeated' : 'allow';
    case 'id-reused':
      return result.outcome;
    case 'refused':
    case 'needs-approval':
      return result.violations[0]?.code ?? 'unknown';
  }
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples };
}

/** Numbers by the values of these labels. Who calls it keeps the values few. */
function createCounter(names: readonly string[]) {
  const counts = new Map<string, { readonly labels: Record<string, string>; value: number }>();
  return {
    add(values: readonly string[]): void {
      const key = values.join('\n');
      const known = counts.get(key);
      if (known !== undefined) known.value += 1;
      else
        counts.set(key, {
          labels: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])),
          value: 1,
        });
    },
    samples: (): Sample[] => [...counts.values()].map(({ labels, value }) => ({ labels, value })),
  };
}

function createHistogram(bounds: readonly number[]) {
  const counts = bounds.map(() => 0);
  let [sum, count] = [0, 0];
  return {
    observe(value: number): void {
      const at = bounds.findIndex((bound) => value <= bound);
      if (at >= 0) counts[at] = (counts[at] as number) + 1;
      sum += value;
      count += 1;
    },
    samples(): Sample[] {
      let below = 0;
      const buckets = bounds.map((bound, index) => {
        below += counts[index] as number;
        return { suffix: '_bucket', labels: { le: String(bound) }, value: below };
      });
      const all = { suffix: '_bucket', labels: { le: '+Inf' }, value: count };
      return [...buckets, all, { suffix: '_sum', value: sum }, { suffix: '_count', value: count }];
    },
  };
}
