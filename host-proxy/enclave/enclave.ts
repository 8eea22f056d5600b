/** The enclave as the rest of the proxy sees it: two planes that come and go, receipts that are stored before any result is given out. */

import type { Logger } from 'pino';
import { parseAddress } from '../../enclave/link/address.ts';
import type { LinkClient } from '../../enclave/link/client.ts';
import { connectLink } from '../../enclave/link/client.ts';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { WALLETS_PER_CLOSE } from '../../enclave/link/limits.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import type { MethodName, Outcome, Params, Plane } from '../../enclave/link/schema/registry.ts';
import type { Credentials } from '../credentials.ts';
import type { Store } from '../store/store.ts';
import { createGapFiller } from './gaps.ts';
import type { AskOwner } from './restore.ts';
import { restoreWallet } from './restore.ts';

/** Between attempts to connect, milliseconds. */
const RECONNECT_MS = 250;
/** Between attempts to restore wallets the enclave could not take (KMS away, for one), milliseconds. */
const RESTORE_RETRY_MS = 5000;

/** Codes that mean "the enclave cannot be asked now". */
const AWAY = ['enclave-unavailable', 'connection-lost', 'wallet-not-restored'] as const;

/** Whether a failure only says that the enclave, or this wallet in it, is away: then reads are answered from the store. */
export function isAway(error: unknown): boolean {
  return AWAY.some((code) => isReeveError(error, code));
}

export type Hello = Outcome<'owner', 'hello'>;
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
  /** Asks every wallet to write its `close`. */
  closeWallets(): Promise<void>;
  close(): void;
}

interface Links {
  readonly agent: LinkClient<'agent'>;
  readonly owner: LinkClient<'owner'>;
  readonly hello: Hello;
}

interface Session {
  links: Links | null;
  credentials: Credentials | null;
  closing: boolean;
  readonly unrestored: Map<string, ReeveError>;
}

/** Connects, and connects again whenever the enclave went away, until closed. */
export function openEnclave(addresses: Readonly<Record<Plane, string>>, store: Store, log: Logger): Enclave {
  const session: Session = { links: null, credentials: null, closing: false, unrestored: new Map() };
  const gaps = createGapFiller(store, (params) => askOwner('receipts.since', params), log);

  function onAppend(append: WireAppend): void {
    const wallet = store.find(append.wallet);
    if (wallet === undefined) log.warn({ wallet: append.wallet }, 'receipts of a wallet this store does not have');
    else if (!wallet.accept(append)) gaps.fill(append.wallet);
  }

  /** Everything any plane answers passes here: no result leaves before its receipt is on the disk. */
  async function ask<P extends Plane, M extends MethodName<P>>(
    plane: P,
    method: M,
    params: Params<P, M>,
    timeoutMs?: number,
  ): Promise<Outcome<P, M>> {
    const link = session.links?.[plane] as LinkClient<P> | undefined;
    if (link === undefined) throw new ReeveError('enclave-unavailable', {});
    const { result, after } = await link.request(method, params, timeoutMs);
    if (after !== null) await gaps.waitStored(after.wallet, after.seq);
    return result;
  }

  const askOwner: AskOwner = (method, params, timeoutMs) => ask('owner', method, params, timeoutMs);

  async function askWallet<M extends WalletMethod>(
    method: M,
    wallet: string,
    fields: Omit<Params<'agent', M>, 'wallet' | 'stored'>,
  ): Promise<Outcome<'agent', M>> {
    const stored = store.find(wallet)?.storedSeq() ?? 0;
    try {
      const result = await ask('agent', method, { ...fields, wallet, stored } as Params<'agent', M>);
      if ('outcome' in result && result.outcome !== 'signed') gaps.fillSoon(wallet);
      return result;
    } catch (cause) {
      const reason = session.unrestored.get(wallet);
      if (!isReeveError(cause, 'wallet-unknown') || store.find(wallet) === undefined) throw cause;
      throw new ReeveError('wallet-not-restored', { wallet, reason: reason?.code ?? 'waiting' }, reason);
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
    closeWallets: () => closeWallets(askOwner, gaps.fillNow),
    close: () => {
      session.closing = true;
      gaps.close();
      closeLinks(session.links);
    },
  };
}

interface Context {
  readonly addresses: Readonly<Record<Plane, string>>;
  readonly store: Store;
  readonly log: Logger;
  readonly session: Session;
  readonly askOwner: AskOwner;
  onAppend(append: WireAppend): void;
  fill(wallet: string): void;
}

function closeLinks(links: Links | null): void {
  links?.agent.close();
  links?.owner.close();
}

async function keepConnected(context: Context): Promise<void> {
  const { session, log } = context;
  while (!session.closing) {
    try {
      const links = await connectBoth(context);
      session.links = links;
      const boot = Buffer.from(links.hello.boot).toString('hex');
      log.info({ boot, image: links.hello.image, mode: links.hello.mode }, 'enclave connected');
      void bringUp(context, links);
      await Promise.race([links.agent.closed, links.owner.closed]);
      if (!session.closing) log.warn({}, 'enclave connection lost');
    } catch (cause) {
      log.debug({ reason: isReeveError(cause) ? cause.code : 'internal' }, 'enclave not reached');
    }
    closeLinks(session.links);
    session.links = null;
    if (!session.closing) await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

async function connectBoth({ addresses, onAppend, session }: Context): Promise<Links> {
  const owner = await connectLink('owner', parseAddress(addresses.owner), onAppend);
  try {
    const agent = await connectLink('agent', parseAddress(addresses.agent), onAppend);
    if (session.closing) agent.close();
    const { result: hello } = await owner.request('hello', {});
    return { agent, owner, hello };
  } catch (cause) {
    owner.close();
    throw cause;
  }
}

/** Credentials first (a restore needs KMS), then the wallets, until all are there or the connection is gone. */
async function bringUp(context: Context, links: Links): Promise<void> {
  const { session, askOwner, log } = context;
  let retry = false;
  try {
    if (session.credentials !== null) await askOwner('credentials.set', { ...session.credentials });
    retry = !(await restoreMissing(context));
  } catch (cause) {
    log.warn({ reason: isReeveError(cause) ? cause.code : 'internal' }, 'restore pass ended early');
    retry = true;
  }
  if (!retry) return;
  const again = () => {
    if (session.links === links && !session.closing) void bringUp(context, links);
  };
  setTimeout(again, RESTORE_RETRY_MS).unref();
}

/** True when every wallet of the store is in the enclave. */
async function restoreMissing({ session, store, askOwner, log, fill }: Context): Promise<boolean> {
  const present = new Set((await listWallets(askOwner)).map(({ wallet }) => wallet));
  const missing = store.list().filter(({ name }) => !present.has(name));
  for (const name of present) fill(name);
  session.unrestored.clear();
  for (const wallet of missing) {
    try {
      if ((await wallet.readSeal()) === null) continue;
      const { phase } = await restoreWallet(askOwner, wallet);
      log.info({ wallet: wallet.name, phase }, 'wallet restored');
    } catch (cause) {
      if (isReeveError(cause, 'connection-lost')) throw cause;
      const error = isReeveError(cause) ? cause : new ReeveError('internal', {}, cause);
      session.unrestored.set(wallet.name, error);
      log.error({ wallet: wallet.name, code: error.code }, 'wallet not restored');
    }
  }
  if (missing.length > 0) await askOwner('restore.end', {});
  return session.unrestored.size === 0;
}

/** All wallets the enclave holds. */
export async function listWallets(ask: AskOwner): Promise<Outcome<'owner', 'wallets.list'>['wallets']> {
  const all: Outcome<'owner', 'wallets.list'>['wallets'] = [];
  for (;;) {
    const last = all.at(-1)?.wallet;
    const { wallets, more } = await ask('wallets.list', last === undefined ? {} : { after: last });
    all.push(...wallets);
    if (!more || wallets.length === 0) return all;
  }
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
