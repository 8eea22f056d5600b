/** The owner's copy of each wallet, beside the profile: `wallets/<wallet>/` with pins, seal, policy and the command that set it. The seal is ciphertext. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import type { Cbor } from '../../enclave/link/cbor.ts';
import { decodeCbor, encodeCbor } from '../../enclave/link/cbor.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import { Fields, WalletName } from '../../enclave/link/schema/blocks.ts';
import type { Envelope } from '../../enclave/link/schema/command.ts';
import { isValid } from '../../enclave/link/validators.ts';
import { parsePolicy } from '../../policy/compile.ts';
import type { Policy } from '../../policy/policy.ts';
import type { WalletCopy } from '../cli/admin.ts';
import { makeFolder, readBytesFile, readJsonFile, writeDurably } from '../cli/files.ts';
import { toHex } from '../cli/text.ts';
import type { Pins } from './attest.ts';
import type { Profile } from './profile.ts';

const WALLET_NAME = /^[a-z0-9](-?[a-z0-9]){0,38}$/;
const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${2 * bytes}}$` });

/** Pins as JSON: the owner's file, the witness, the renewer's socket. */
export const PinsFile = Fields({
  wallet: WalletName(),
  agent: Hex(32),
  receiptKey: Hex(32),
  owner: Hex(32),
  kmsKeyArn: Type.String({ maxLength: 256 }),
});
export interface PinsJson {
  readonly wallet: string;
  readonly agent: string;
  readonly receiptKey: string;
  readonly owner: string;
  readonly kmsKeyArn: string;
}

export function pinsToJson({ wallet, agent, receiptKey, owner, kmsKeyArn }: Pins): PinsJson {
  return { wallet, agent: toHex(agent), receiptKey: toHex(receiptKey), owner: toHex(owner), kmsKeyArn };
}

export function pinsFromJson({ wallet, agent, receiptKey, owner, kmsKeyArn }: PinsJson): Pins {
  const key = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
  return { wallet, agent: key(agent), receiptKey: key(receiptKey), owner: key(owner), kmsKeyArn };
}

/** Keeps a wallet's pins; the same again is fine. Others for the same name are refused; only `replacePins` changes them. */
export function keepPins(profile: Profile, pins: Pins): void {
  const path = fileOf(profile, pins.wallet, 'pins.json');
  const isOther = () => JSON.stringify(pinsToJson(readPins(profile, pins.wallet))) !== JSON.stringify(pinsToJson(pins));
  if (existsSync(path) && isOther())
    throw new ReeveError('file-invalid', { file: path, detail: 'the wallet is pinned already' });
  makeFolder(folderOf(profile, pins.wallet));
  writeDurably(path, `${JSON.stringify(pinsToJson(pins), null, 2)}\n`);
}

/** The pins of a wallet whose owner or sealing key changed. The agent's and the receipt key are for life: the caller has checked them. */
export function replacePins(profile: Profile, pins: Pins): void {
  writeDurably(fileOf(profile, pins.wallet, 'pins.json'), `${JSON.stringify(pinsToJson(pins), null, 2)}\n`);
}

/** The pins of a wallet created with this profile, or `file-invalid`. */
export function readPins(profile: Profile, wallet: string): Pins {
  return pinsFromJson(readJsonFile(fileOf(profile, wallet, 'pins.json'), PinsFile, 'file-invalid'));
}

/** Wallets of this profile, by name. */
export function listPinned(profile: Profile): string[] {
  const folder = join(profile.folder, 'wallets');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => WALLET_NAME.test(name) && existsSync(join(folder, name, 'pins.json')))
    .sort();
}

/** Keeps what brings the wallet back on another host: written and synced before anything depends on it. */
export function keepSeal(profile: Profile, wallet: string, seal: Uint8Array): void {
  makeFolder(folderOf(profile, wallet));
  writeDurably(fileOf(profile, wallet, 'seal.cbor'), seal);
}

/** Keeps a policy with the command that set it. */
export function keepPolicy(
  profile: Profile,
  wallet: string,
  policy: Uint8Array,
  envelope: Envelope,
  body: Uint8Array,
): void {
  makeFolder(folderOf(profile, wallet));
  writeDurably(fileOf(profile, wallet, 'policy.command'), encodeCbor({ envelope: [...envelope], body } as Cbor));
  writeDurably(fileOf(profile, wallet, 'policy.json'), policy);
}

/** The whole copy, or `file-invalid` naming the file. Does not say whether the policy is the newest. */
export function readWalletCopy(profile: Profile, wallet: string): WalletCopy {
  const path = fileOf(profile, wallet, 'policy.command');
  const command = decodeCbor(readBytesFile(path)) as { envelope?: unknown; body?: unknown };
  if (!isValid('Envelope', command.envelope) || !(command.body instanceof Uint8Array))
    throw new ReeveError('file-invalid', { file: path, detail: 'not an envelope and a body' });
  return {
    seal: readBytesFile(fileOf(profile, wallet, 'seal.cbor')),
    policy: readBytesFile(fileOf(profile, wallet, 'policy.json')),
    policyEnvelope: command.envelope,
    policyBody: command.body,
  };
}

/** The compiled policy of the owner's copy. */
export function readKeptPolicy(profile: Profile, wallet: string): { bytes: Uint8Array; policy: Policy } {
  const path = fileOf(profile, wallet, 'policy.json');
  const bytes = readBytesFile(path);
  const parsed = parsePolicy(bytes);
  if (!parsed.ok) throw new ReeveError('policy-invalid', { file: path, detail: parsed.refusal[0]?.detail ?? '' });
  return { bytes, policy: parsed.value };
}

function fileOf(profile: Profile, wallet: string, name: string): string {
  return join(folderOf(profile, wallet), name);
}

function folderOf(profile: Profile, wallet: string): string {
  if (!WALLET_NAME.test(wallet)) throw new ReeveError('usage', { detail: `not a wallet name: ${wallet.slice(0, 60)}` });
  return join(profile.folder, 'wallets', wallet);
}
