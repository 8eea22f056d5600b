/** Three policies an owner changes between: other limits, other windows, other slices of the same two assets. */

import { pubkeyToBase58 } from '../../../policy/keys.ts';
import type { Policy } from '../../../policy/policy.ts';
import { compile, draft, HOUR, MINT } from '../policies.ts';

const LEASE_SECONDS = 3_000;

interface Sizes {
  readonly sol: readonly (readonly [seconds: number, max: number])[];
  readonly usdc: number;
  readonly slices: readonly [sol: number, usdc: number];
}

function makePolicy({ sol, usdc, slices }: Sizes): Policy {
  const token = { mint: pubkeyToBase58(MINT), tokenProgram: 'token', decimals: 6 };
  return compile(
    draft({
      assets: {
        SOL: { windows: sol.map(([seconds, max]) => ({ seconds, max: String(max) })) },
        USDC: { ...token, windows: [{ seconds: HOUR, max: String(usdc) }] },
      },
      lease: { maxSeconds: LEASE_SECONDS, slice: { SOL: String(slices[0]), USDC: String(slices[1]) } },
    }),
  );
}

/** The first is the one a game begins with; each change puts the next in force, the first after the last. */
export const POLICIES: readonly Policy[] = [
  makePolicy({ sol: [[HOUR, 1_000]], usdc: 50, slices: [400, 20] }),
  makePolicy({
    sol: [
      [HOUR, 600],
      [2 * HOUR, 900],
    ],
    usdc: 80,
    slices: [250, 30],
  }),
  makePolicy({ sol: [[HOUR, 1_400]], usdc: 40, slices: [600, 15] }),
];
