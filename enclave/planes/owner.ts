/** The owner plane's methods. The plane itself has no authority: commands are signed, and what the host may ask alone can only stop things. */

import { takeCommand } from '../commands/take.ts';
import type { Enclave } from '../enclave.ts';
import { FRAME_MARGIN_BYTES } from '../limits.ts';
import { OWNER_FRAME_BYTES } from '../link/limits.ts';
import type { MethodName, Outcome, Params } from '../link/schema/registry.ts';
import { listApprovals } from '../wallet/approvals.ts';
import { takeFitting } from '../wallet/budget.ts';
import { closeWallet } from '../wallet/close.ts';
import { describeGauges } from '../wallet/gauges.ts';
import { isEnded } from '../wallet/phases.ts';
import { restoreWallet } from '../wallet/restore.ts';
import type { Answer } from './answer.ts';
import { attest, hello, receiptsSince } from './shared.ts';

/** The wire's limits on one list. */
const WALLETS_PER_LIST = 512;
const APPROVALS_PER_LIST = 64;
const WATCHED_PER_LIST = 128;
const LIST_BYTES = OWNER_FRAME_BYTES - 2 * FRAME_MARGIN_BYTES;

type Method = MethodName<'owner'>;
type OwnerHandlers = {
  readonly [M in Method]: (
    params: Params<'owner', M>,
  ) => Answer<Outcome<'owner', M>> | Promise<Answer<Outcome<'owner', M>>>;
};

export function ownerHandlers(enclave: Enclave): OwnerHandlers {
  return {
    hello: () => hello(enclave),
    attest: (params) => attest('owner', enclave, params),
    'receipts.since': (params) => receiptsSince('owner', enclave, params),
    'credentials.set': (params) => {
      enclave.kms.setCredentials(params);
      return { result: {} };
    },
    'blob.put': (params) => ({ result: { have: enclave.blobs.put(params) } }),
    command: (params) => takeCommand(enclave, params),
    'wallet.restore': (params) => restoreWallet(enclave, params),
    'restore.end': () => {
      enclave.passes.end();
      return { result: {} };
    },
    'boot.close': (params) => closeBoot(enclave, params),
    'wallets.list': (params) => listWallets(enclave, params),
    'wallets.watch': (params) => watchWallets(enclave, params),
    'approvals.list': (params) => listWaiting(enclave, params),
  };
}

/** Closes all these wallets, or none when one is unknown. The reply waits for the last `close`; the others' receipts are in it or pending. */
function closeBoot(enclave: Enclave, params: Params<'owner', 'boot.close'>): Answer<Outcome<'owner', 'boot.close'>> {
  const open = params.wallets.map(enclave.wallets.find).filter((wallet) => !isEnded(wallet));
  const now = enclave.clock.read();
  let after: { wallet: string; seq: number } | undefined;
  for (const wallet of open) after = { wallet: wallet.name, seq: closeWallet(wallet, now).seq };
  return { result: {}, ...(after === undefined ? {} : { after, wallet: after.wallet }) };
}

function listWallets(
  { wallets }: Enclave,
  { after = '' }: Params<'owner', 'wallets.list'>,
): Answer<Outcome<'owner', 'wallets.list'>> {
  const found = wallets.list(after, WALLETS_PER_LIST + 1);
  const listed = found.slice(0, WALLETS_PER_LIST).map(({ name, phase }) => ({ wallet: name, phase }));
  return { result: { wallets: listed, more: found.length > listed.length } };
}

function watchWallets(
  { wallets, clock }: Enclave,
  { after = '' }: Params<'owner', 'wallets.watch'>,
): Answer<Outcome<'owner', 'wallets.watch'>> {
  const now = clock.read();
  const found = wallets.list(after, WATCHED_PER_LIST + 1);
  const gauges = found.slice(0, WATCHED_PER_LIST).map((wallet) => describeGauges(wallet, now));
  const watched = takeFitting(gauges, LIST_BYTES);
  return { result: { wallets: watched, more: watched.length < found.length } };
}

function listWaiting(
  enclave: Enclave,
  params: Params<'owner', 'approvals.list'>,
): Answer<Outcome<'owner', 'approvals.list'>> {
  const wallet = enclave.wallets.find(params.wallet);
  const found = listApprovals(wallet.approvals, params.after, enclave.clock.read());
  const approvals = takeFitting(found.slice(0, APPROVALS_PER_LIST), LIST_BYTES);
  const more = approvals.length < found.length ? { more: true } : {};
  return { result: { approvals: approvals.map((approval) => ({ ...approval })), ...more }, wallet: wallet.name };
}
