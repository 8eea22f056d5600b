/** What a development stack needs once: the owner's keys and profile, a wallet with its policy, and play money on the local chain. */

import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase58 } from '../../policy/base58.ts';
import { createDevMint, mintDevTokens } from '../dev/chain/mint.ts';
import { devCredentials } from '../dev/kms/server.ts';
import { callChain } from './chain-calls.ts';
import { DEMO_WALLET } from './layout.ts';
import { mustOwner } from './owner.ts';
import { writeDemoPolicy } from './policy.ts';
import type { Stack } from './stack.ts';

/** What the agent starts with: 20 SOL in lamports, 1,000 USDC in base units. */
const FLOAT_LAMPORTS = 20_000_000_000;
const FLOAT_TOKENS = 1_000_000_000n;

/** Addresses the stack's policy and its printed lines speak of, base58. */
export interface Parties {
  readonly agent: string;
  readonly shop: string;
  readonly supplier: string;
  /** In no group of the policy. */
  readonly stranger: string;
  readonly mint: string;
}

export function profilePath({ layout }: Stack): string {
  return join(layout.owner, 'profile.json');
}

/** The owner's keys and profile: made once; later starts pin what was built now. `renewer` names an always-on renewer for every other command. */
export async function setUpOwner(stack: Stack, renewer?: string): Promise<void> {
  mkdirSync(stack.layout.owner, { recursive: true, mode: 0o700 });
  if (existsSync(profilePath(stack))) pinImage(stack);
  else await initOwner(stack, renewer);
}

/** Takes up the wallet of an earlier start, or makes it. */
export async function setUpWallet(stack: Stack): Promise<Parties> {
  const file = join(stack.layout.owner, 'parties.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Parties;
  const parties = await createWallet(stack);
  writeFileSync(file, `${JSON.stringify(parties, null, 2)}\n`, { mode: 0o600 });
  return parties;
}

function describeImage({ image }: Stack): Record<'pcr0' | 'pcr1' | 'pcr2', string> {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return { pcr0: hex(image.pcrs.pcr0), pcr1: hex(image.pcrs.pcr1), pcr2: hex(image.pcrs.pcr2) };
}

async function initOwner(stack: Stack, renewer?: string): Promise<void> {
  const image = join(stack.layout.owner, 'image.json');
  writeFileSync(image, JSON.stringify(describeImage(stack)));
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: devCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: devCredentials.secretAccessKey,
  });
  const admin = `unix:${join(stack.layout.run, 'admin.sock')}`;
  const keys = ['--pause-key', 'new', '--approve-key', 'new', ...(renewer === undefined ? [] : ['--renewer', renewer])];
  const kms = ['--region', 'eu-central-1', '--endpoint', stack.kmsEndpoint, '--ca', stack.kmsCaFile];
  const simulated = ['--development', '--nsm-root', stack.nsmRoot];
  await mustOwner([
    'init',
    '--profile',
    profilePath(stack),
    '--admin',
    admin,
    '--image',
    image,
    ...kms,
    ...simulated,
    ...keys,
  ]);
}

/** A stack is built anew at each start: its owner, who built it, pins what was built and where the simulated KMS now listens. */
function pinImage(stack: Stack): void {
  const path = profilePath(stack);
  const profile = JSON.parse(readFileSync(path, 'utf8')) as { kms: object };
  const image = { name: 'built at start', ...describeImage(stack) };
  const next = { ...profile, images: [image], kms: { ...profile.kms, endpoint: stack.kmsEndpoint } };
  writeFileSync(path, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
}

async function createWallet(stack: Stack): Promise<Parties> {
  const { mint } = await createDevMint({ url: stack.chainUrl });
  const parties = { shop: makeAddress(), supplier: makeAddress(), stranger: makeAddress(), mint };
  const policy = join(stack.layout.owner, 'policy.json');
  writeFileSync(policy, `${JSON.stringify(writeDemoPolicy({ ...parties, ...readRoleKeys(stack) }), null, 2)}\n`);
  const created = await mustOwner(['create', DEMO_WALLET, '--profile', profilePath(stack), '--policy', policy]);
  const agent = String(created['agent']);
  await callChain(stack.chainUrl, 'requestAirdrop', [agent, FLOAT_LAMPORTS]);
  await mintDevTokens({ url: stack.chainUrl, mint, owner: agent, amount: FLOAT_TOKENS });
  return { agent, ...parties };
}

function readRoleKeys(stack: Stack): { renewKey: string; pauseKey: string; approveKey: string } {
  const { keys } = JSON.parse(readFileSync(profilePath(stack), 'utf8')) as {
    keys: Record<string, { publicKey: string }>;
  };
  const address = (role: string) => encodeBase58(Buffer.from(keys[role]?.publicKey ?? '', 'hex'));
  return { renewKey: address('renew'), pauseKey: address('pause'), approveKey: address('approve') };
}

/** An address nobody needs to sign for. */
function makeAddress(): string {
  const spki = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });
  return encodeBase58(new Uint8Array(spki.subarray(-32)));
}
