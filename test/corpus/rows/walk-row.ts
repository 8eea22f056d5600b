/** The rows of a walk: what an agent asks for, and the decision its owner would want. */
import type { Draft } from '../world.ts';

export type Step = readonly [name: string, why: string, what: Draft['what'], expect: string, more?: Partial<Draft>];

export const walk = (policy: string, steps: readonly Step[]): Draft[] =>
  steps.map(([name, why, what, expect, more]) => ({
    name: `walk ${policy}: ${name}`,
    why,
    policy,
    what,
    expect,
    ...more,
  }));
