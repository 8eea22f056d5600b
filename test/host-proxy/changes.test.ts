/** Who waits for a wallet is woken by what happens to it, and by nothing of another wallet. */

import t from 'tap';
import { createChanges } from '../../host-proxy/enclave/changes.ts';

/** Longer than any test. */
const LONG_MS = 60_000;

t.test('a waiter is woken by its wallet, by time, or when its caller is gone', async (t) => {
  const { wait, notify } = createChanges();
  const never = new AbortController().signal;
  const woken: string[] = [];
  const first = wait('alice', LONG_MS, never).then(() => woken.push('first'));
  const second = wait('alice', LONG_MS, never).then(() => woken.push('second'));
  const gone = new AbortController();
  const other = wait('bob', LONG_MS, gone.signal).then(() => woken.push('other'));
  notify('carol');
  notify('alice');
  await Promise.all([first, second]);
  t.strictSame(woken, ['first', 'second']);
  gone.abort();
  await other;
  await wait('alice', 1, never);
  await wait('alice', LONG_MS, AbortSignal.abort());
  notify('alice');
  t.pass('nobody is left');
});
