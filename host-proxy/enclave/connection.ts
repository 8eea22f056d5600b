/** The two connections to the enclave: made, lost and made again; after each the stored wallets are brought in. */

import type { Logger } from 'pino';
import { parseAddress } from '../../enclave/link/address.ts';
import type { LinkClient } from '../../enclave/link/client.ts';
import { connectLink } from '../../enclave/link/client.ts';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import type { Outcome, Plane } from '../../enclave/link/schema/registry.ts';
import type { Credentials } from '../credentials.ts';
import type { Store } from '../store/store.ts';
import { isMade } from '../store/store.ts';
import type { AskOwner } from './restore.ts';
import { restoreWallet } from './restore.ts';

/** Between attempts to connect, milliseconds. */
const RECONNECT_MS = 250;
/** Between attempts to restore wallets the enclave could not take (KMS away, for one), milliseconds. */
const RESTORE_RETRY_MS = 5000;

export type Hello = Outcome<'owner', 'hello'>;

export interface Links {
  readonly agent: LinkClient<'agent'>;
  readonly owner: LinkClient<'owner'>;
  readonly hello: Hello;
}

export interface Session {
  links: Links | null;
  credentials: Credentials | null;
  closing: boolean;
  readonly unrestored: Map<string, ReeveError>;
  /** The enclave's present boot, hex, and when it was first seen; milliseconds of this process's counter. */
  boot: { readonly id: string; readonly seenAt: number } | null;
}

export interface Context {
  readonly addresses: Readonly<Record<Plane, string>>;
  readonly store: Store;
  readonly log: Logger;
  readonly session: Session;
  readonly askOwner: AskOwner;
  onAppend(append: WireAppend): void;
  fill(wallet: string): void;
}

export function closeLinks(links: Links | null): void {
  links?.agent.close();
  links?.owner.close();
}

/** Until the session is closing. */
export async function keepConnected(context: Context): Promise<void> {
  const { session, log } = context;
  while (!session.closing) {
    try {
      const links = await connectBoth(context);
      session.links = links;
      if (session.closing) closeLinks(links);
      const boot = Buffer.from(links.hello.boot).toString('hex');
      if (session.boot?.id !== boot) session.boot = { id: boot, seenAt: performance.now() };
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

async function connectBoth({ addresses, onAppend }: Context): Promise<Links> {
  const owner = await connectLink('owner', parseAddress(addresses.owner), onAppend);
  let agent: LinkClient<'agent'> | null = null;
  try {
    agent = await connectLink('agent', parseAddress(addresses.agent), onAppend);
    const { result: hello } = await owner.request('hello', {});
    return { agent, owner, hello };
  } catch (cause) {
    agent?.close();
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
      if (!(await isMade(wallet))) continue;
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
