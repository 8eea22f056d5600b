/** What a wallet takes in which phase, and where that leads: one table. What is not in it is refused. */

import { ReeveError } from '../link/errors.ts';
import type { CommandName } from '../link/schema/command.ts';
import type { Phase } from '../link/schema/results.ts';
import type { Wallet } from './state.ts';

/** Requests that depend on the phase. Reading never does. `boot.close` is the host's way to ask for `close`; `ticket` is the owner's command `sign`. */
export type PhasedRequest =
  | 'sign'
  | 'evaluate'
  | 'message.sign'
  | 'boot.close'
  | 'ticket'
  | Exclude<CommandName, 'wallet.create' | 'sign'>;

interface Next {
  readonly success: Phase;
  /** After a fault of the machine; a refusal changes no phase. */
  readonly failure: Phase;
}

const to = (success: Phase, failure: Phase = success): Next => ({ success, failure });

const CLOSING = { close: to('closed'), 'boot.close': to('closed'), 'wallet.retire': to('retired') };

/** What the owner may do in every phase but `failed`. */
const STANDING = (phase: Phase) => ({
  ticket: to(phase, 'failed'),
  reseal: to(phase),
  'owner.rotate': to(phase),
});

export const PHASES: Readonly<Record<Phase, Partial<Readonly<Record<PhasedRequest, Next>>>>> = {
  /** No lease since this boot or this policy began. */
  sealed: {
    evaluate: to('sealed'),
    'lease.grant': to('active', 'sealed'),
    'policy.set': to('sealed'),
    pause: to('paused', 'sealed'),
    resume: to('sealed'),
    deny: to('sealed'),
    ...STANDING('sealed'),
    ...CLOSING,
  },
  active: {
    sign: to('active', 'failed'),
    evaluate: to('active'),
    'message.sign': to('active'),
    'lease.grant': to('active'),
    'policy.set': to('sealed', 'active'),
    pause: to('paused', 'active'),
    resume: to('active'),
    approve: to('active'),
    deny: to('active'),
    ...STANDING('active'),
    ...CLOSING,
  },
  paused: {
    evaluate: to('paused'),
    'lease.grant': to('paused'),
    'policy.set': to('paused'),
    pause: to('paused'),
    /** Without a lease the wallet stays silent all the same: the judgement says so. */
    resume: to('active', 'paused'),
    approve: to('paused'),
    deny: to('paused'),
    ...STANDING('paused'),
    ...CLOSING,
  },
  /** Not charged, so the `close` before it still tells all that was. */
  closed: { ticket: to('closed', 'failed'), 'wallet.retire': to('retired') },
  retired: { ticket: to('retired', 'failed') },
  /** Two computations of a signature differed: the key signs nothing more, and its receipts can still be closed in order. */
  failed: { ...CLOSING },
};

/** Where the request leads, or `phase-refused`. */
export function requirePhase(wallet: Pick<Wallet, 'phase'>, request: PhasedRequest): Next {
  const next = PHASES[wallet.phase][request];
  if (next === undefined) throw new ReeveError('phase-refused', { phase: wallet.phase, request });
  return next;
}

/** Whether nothing will ever be signed again in this boot. */
export function isEnded({ phase }: Pick<Wallet, 'phase'>): boolean {
  return phase === 'closed' || phase === 'retired';
}
