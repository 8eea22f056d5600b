/** Follows sent bytes to their end: the same bytes again and again until they landed, failed, or can never land. */

import { isReeveError } from '../../enclave/link/errors.ts';
import type { Rpc } from '../rpc.ts';
import type { SignedTransfer } from './records.ts';

/** First and longest pause between two looks, milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** Follows until an end is known or `stop`. `onChange` keeps what was learnt; its promise is waited for. */
export async function trackTransfer(
  rpc: Rpc,
  transfer: SignedTransfer,
  stop: AbortSignal,
  onChange: (transfer: SignedTransfer) => Promise<void>,
): Promise<SignedTransfer> {
  let current = transfer;
  for (let pause = FIRST_PAUSE_MS; !stop.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const next = await lookOnce(rpc, current);
    if (next !== current) await onChange(next);
    current = next;
    if (current.status !== 'sent') break;
    await sleep(pause, stop);
  }
  return current;
}

/**
 * The height is read before the status: bytes that the chain does not know after their last block was finalized never landed. A node that is away or
 * answers nonsense changes nothing.
 */
async function lookOnce(rpc: Rpc, transfer: SignedTransfer): Promise<SignedTransfer> {
  const { signature, transaction } = transfer.signed;
  try {
    const height = await rpc.finalizedHeight();
    const state = await rpc.signatureState(signature);
    if (state?.kind === 'landed' || state?.kind === 'failed') return finish(transfer, state.kind, state.slot);
    if (state === null && height > transfer.lastValidBlockHeight) return finish(transfer, 'expired');
    if (state === null) await rpc.send(transaction);
    return transfer;
  } catch (cause) {
    const problem = isReeveError(cause) ? String(cause.context['reason'] ?? cause.code) : 'internal';
    return problem === transfer.problem ? transfer : { ...transfer, problem };
  }
}

function finish(transfer: SignedTransfer, status: 'landed' | 'failed' | 'expired', slot?: number): SignedTransfer {
  const { problem, ...rest } = transfer;
  const kept = status === 'landed' || problem === undefined ? {} : { problem };
  return { ...rest, ...kept, status, ...(slot !== undefined && { slot }) };
}

function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    }
    stop.addEventListener('abort', end);
  });
}
