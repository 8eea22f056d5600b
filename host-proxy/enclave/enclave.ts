/** The enclave as the rest of the proxy sees it: two planes that come and go, receipts that are stored before any result is given out. */

import type { Logger } from 'pino';
import type { LinkClient } from '../../enclave/link/client.ts';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { WALLETS_PER_CLOSE } from '../../enclave/link/limits.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import type { MethodName, Outcome, Params, Plane } from '../../enclave/link/schema/registry.ts';
import type { Credentials } from '../credentials.ts';
import type { Meters } from '../metrics/meters.ts';
import type { Store } from '../store/store.ts';
import { createChanges } from './changes.ts';
import type { Context, Hello, Session } from './connection.ts';
import { closeLinks, keepConnected, listWallets } from './connection.ts';
import type { GapFiller } from './gaps.ts';
import { createGapFiller } from './gaps.ts';
import type { AskOwner } from './restore.ts';
import { createTurns } from './turns.ts';

/** Codes that mean "the enclave cannot be asked now". */
const AWAY = ['enclave-unavailable', 'connection-lost', 'wallet-not-restored'] as const;

/** Whether a failure only says that the enclave, or this wallet in it, is away: then reads are answered from the store. */
export function isAway(error: unknown): boolean {
  return AWAY.some((code) => isReeveError(error, code));
}

export type WalletMethod = Exclude<MethodName<'agent'>, 'hello' | 'attest' | 'receipts.since'>;

export interface Enclave {
  /** What the enclave said at the start of this connection; null while there is none. */
  hello(): Hello | null;
  /** Why wallets of the store are not in the enclave, by name. */
  readonly unrestored: ReadonlyMap<string, ReeveError>;
  askAgent<M extends MethodName<'agent'>>(method: M, params: Params<'agent', M>): Promise<Outcome<'agent', M>>;
  /** A request about one wallet, with what is stored of it acknowledged. */
  askWallet<M extends WalletMethod>(
    method: M,
    wallet: string,
    fields: Omit<Params<'agent', M>, 'wallet' | 'stored'>,
  ): Promise<Outcome<'agent', M>>;
  readonly askOwner: AskOwner;
  setCredentials(credentials: Credentials): Promise<void>;
  /** When this process first saw the enclave's present boot, by its own counter; null while there is none. Milliseconds. */
  bootSeenAt(): number | null;
  /** Resolves when a command reached the wallet, after `ms`, or when `gone` ends. */
  waitChange(wallet: string, ms: number, gone: AbortSignal): Promise<void>;
  /** Asks every wallet to write its `close`. */
  closeWallets(): Promise<void>;
  close(): void;
}

/** Connects, and connects again whenever the enclave went away, until closed. */
export function openEnclave(
  addresses: Readonly<Record<Plane, string>>,
  store: Store,
  meters: Meters,
  log: Logger,
): Enclave {
  const session: Session = { links: null, credentials: null, closing: false, unrestored: new Map(), boot: null };
  const changes = createChanges();
  const gaps = createGapFiller(store, (params) => askOwner('receipts.since', params), log);
  const turns = createTurns();
  const onAppend = (append: WireAppend) => takeAppend(store, gaps, log, append);
  const ask = createAsk(session, gaps, meters);

  const askOwner: AskOwner = async (method, params, timeoutMs) => {
    const result = await ask('owner', method, params, timeoutMs);
    if ('command' in result) changes.notify(result.wallet);
    return result;
  };

  async function askWallet<M extends WalletMethod>(
    method: M,
    wallet: string,
    fields: Omit<Params<'agent', M>, 'wallet' | 'stored'>,
  ): Promise<Outcome<'agent', M>> {
    const stored = store.find(wallet)?.storedSeq() ?? 0;
    try {
      const params = { ...fields, wallet, stored } as Params<'agent', M>;
      const result = await turns.run(wallet, () => ask('agent', method, params));
      if ('outcome' in result) meters.countDecision(result);
      if ('outcome' in result && result.outcome !== 'signed') gaps.fillSoon(wallet);
      return result;
    } catch (cause) {
      const isOurs = isReeveError(cause, 'wallet-unknown') && store.find(wallet) !== undefined;
      throw isOurs ? describeMissing(wallet, session.unrestored.get(wallet)) : cause;
    }
  }

  const context: Context = { addresses, store, log, session, onAppend, askOwner, fill: gaps.fill };
  void keepConnected(context);
  return {
    hello: () => session.links?.hello ?? null,
    unrestored: session.unrestored,
    askAgent: (method, params) => ask('agent', method, params),
    askWallet,
    askOwner,
    setCredentials: async (credentials) => {
      session.credentials = credentials;
      if (session.links !== null) await askOwner('credentials.set', { ...credentials });
    },
    bootSeenAt: () => session.boot?.seenAt ?? null,
    waitChange: changes.wait,
    closeWallets: () => closeWallets(askOwner, gaps.fillNow),
    close: () => {
      session.closing = true;
      gaps.close();
      closeLinks(session.links);
    },
  };
}

/** Everything any plane answers passes here: no result leaves before its receipt is on the disk. */
function createAsk(session: Session, gaps: GapFiller, meters: Meters) {
  return async <P extends Plane, M extends MethodName<P>>(
    plane: P,
    method: M,
    params: Params<P, M>,
    timeoutMs?: number,
  ): Promise<Outcome<P, M>> => {
    const link = session.links?.[plane] as LinkClient<P> | undefined;
    if (link === undefined) throw new ReeveError('enclave-unavailable', {});
    const { result, after } = await meters.track('enclave', () => link.request(method, params, timeoutMs));
    if (after !== null) await meters.trackStore(() => gaps.waitStored(after.wallet, after.seq));
    return result;
  };
}

/** A chain that does not continue what is stored is that wallet's trouble alone: its results are not released, the others go on. */
function takeAppend(store: Store, gaps: GapFiller, log: Logger, append: WireAppend): void {
  const wallet = store.find(append.wallet);
  try {
    if (wallet === undefined) log.warn({ wallet: append.wallet }, 'receipts of a wallet this store does not have');
    else if (!wallet.accept(append)) gaps.fill(append.wallet);
  } catch (cause) {
    const code = isReeveError(cause) ? cause.code : 'internal';
    log.error({ wallet: append.wallet, code }, 'receipts do not continue the stored chain');
  }
}

/** A wallet of this store that the enclave does not know is on its way there, or could not be restored. */
function describeMissing(wallet: string, reason: ReeveError | undefined): ReeveError {
  return new ReeveError('wallet-not-restored', { wallet, reason: reason?.code ?? 'waiting' }, reason);
}

/** The reply waits for one `close` receipt only; the others' are fetched before this resolves. */
async function closeWallets(ask: AskOwner, fillNow: (wallet: string) => Promise<void>): Promise<void> {
  const open = (await listWallets(ask)).filter(({ phase }) => phase !== 'closed' && phase !== 'retired');
  for (let at = 0; at < open.length; at += WALLETS_PER_CLOSE) {
    const wallets = open.slice(at, at + WALLETS_PER_CLOSE).map(({ wallet }) => wallet);
    await ask('boot.close', { wallets });
    for (const wallet of wallets) await fillNow(wallet);
  }
}
