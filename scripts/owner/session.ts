/** What an owner command works with, opened when first needed and closed at its end. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isReeveError } from '../../enclave/link/errors.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import type { Admin } from '../cli/admin.ts';
import { openAdmin } from '../cli/admin.ts';
import type { Command, CommandSpec, Context, OptionSpec } from '../cli/command.ts';
import { defineCommand } from '../cli/command.ts';
import type { Keeper } from '../renewer/keeper.ts';
import { createLocalKeeper } from '../renewer/local-keeper.ts';
import { openRemoteKeeper } from '../renewer/remote-keeper.ts';
import { openWitnessStore } from '../renewer/store.ts';
import type { Pins } from './attest.ts';
import { attestPinned } from './attest.ts';
import { readPins } from './copy.ts';
import type { Kms } from './kms.ts';
import { kmsSettings, openKms } from './kms.ts';
import type { Profile } from './profile.ts';
import { profileFile, profilePath, readProfile } from './profile.ts';

export const PROFILE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  profile: { value: 'FILE', text: 'owner profile (REEVE_PROFILE, ~/.config/reeve/owner.json)' },
  admin: { value: 'ADDRESS', text: 'admin socket: unix:PATH or ssh:USER@HOST[:PATH]; else the profile’s' },
};
export const RENEWER_OPTION: Readonly<Record<string, OptionSpec>> = {
  renewer: { value: 'ADDRESS', text: 'renewer that holds the witness: unix:PATH or ssh:USER@HOST[:PATH]' },
};
export const OUT_OPTION: Readonly<Record<string, OptionSpec>> = {
  out: { value: 'FILE', text: 'write the signed command to FILE instead of sending it (reeve admin send FILE)' },
};

export interface Session {
  readonly context: Context;
  readonly profile: Profile;
  admin(): Promise<Admin>;
  kms(): Kms;
  /** The witness: a renewer's, or this process's own under the lock. */
  keeper(): Promise<Keeper>;
  /** A fresh statement about a pinned wallet, verified, with its pins. */
  attest(wallet: string): Promise<{ pins: Pins; statement: Statement }>;
}

/** A command of the owner. Everything it opened is closed at its end, however it ends. */
export function defineOwnerCommand(spec: CommandSpec, action: (session: Session) => Promise<number>): Command {
  return defineCommand(spec, async (context) => {
    const closers: (() => void)[] = [];
    try {
      return await action(openSession(context, closers));
    } finally {
      for (const close of closers.reverse()) close();
    }
  });
}

function openSession(context: Context, closers: (() => void)[]): Session {
  const profile = readProfile(profilePath(context));
  const { env } = context.io;
  const openedAdmin = once(async () => {
    const admin = await openAdmin(context.option('admin') ?? profile.admin, env);
    closers.push(() => admin.close());
    return admin;
  });
  const openedKms = once(() => {
    const kms = openKms(kmsSettings(profile, (path) => profileFile(profile, path), env));
    closers.push(() => kms.close());
    return kms;
  });
  const session: Session = {
    context,
    profile,
    admin: openedAdmin,
    kms: openedKms,
    keeper: once(async () => {
      const keeper = await openKeeper(session);
      closers.push(() => keeper.close());
      return keeper;
    }),
    async attest(wallet) {
      const pins = readPins(profile, wallet);
      return { pins, statement: await attestPinned(await openedAdmin(), profile, pins) };
    },
  };
  return session;
}

function once<Value>(open: () => Value): () => Value {
  let opened: { value: Value } | null = null;
  return () => {
    opened ??= { value: open() };
    return opened.value;
  };
}

/** The socket of the renewer that holds a witness folder on this machine. */
export function localRenewerSocket(folder: string): string {
  return join(folder, 'renewer.sock');
}

/** `--renewer` or the profile's; else the witness folder itself, or the renewer that holds it. */
async function openKeeper(session: Session): Promise<Keeper> {
  const { context, profile } = session;
  const named = context.option('renewer') ?? profile.renewer;
  if (named !== undefined) return openRemoteKeeper(named, context.io.env);
  try {
    return await openLocalKeeper(session);
  } catch (error) {
    const socket = localRenewerSocket(profileFile(profile, profile.witness));
    if (!isReeveError(error, 'witness-locked') || !existsSync(socket)) throw error;
    return openRemoteKeeper(`unix:${socket}`, context.io.env);
  }
}

/** The witness of the profile under the lock, or `witness-locked`. */
export async function openLocalKeeper(session: Session, durationMs?: number): Promise<Keeper> {
  const { profile } = session;
  const store = openWitnessStore(profileFile(profile, profile.witness));
  try {
    const parts = { profile, store, kms: session.kms(), admin: await session.admin() };
    return createLocalKeeper(durationMs === undefined ? parts : { ...parts, durationMs });
  } catch (error) {
    store.close();
    throw error;
  }
}
