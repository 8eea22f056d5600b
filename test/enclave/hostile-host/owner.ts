/** The owner's side: what `reeve owner` and the renewer do, with their own code, over what the host lets through. */

import { decodeCommandBody, readPayload } from '../../../enclave/link/commands.ts';
import { isReeveError, ReeveError } from '../../../enclave/link/errors.ts';
import type { CommandBody, CommandName } from '../../../enclave/link/schema/command.ts';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import { ownerHandlers } from '../../../enclave/planes/owner.ts';
import type { Admin, SignedCommand as Sent } from '../../../scripts/cli/admin.ts';
import { attestPinned } from '../../../scripts/owner/attest.ts';
import { signCommand } from '../../../scripts/owner/sign.ts';
import type { Keeper } from '../../../scripts/renewer/keeper.ts';
import { createLocalKeeper } from '../../../scripts/renewer/local-keeper.ts';
import type { RenewerParts } from '../../../scripts/renewer/renewer.ts';
import type { WitnessRecord } from '../../../scripts/renewer/witness-file.ts';
import { makeKey } from '../../keys.ts';
import { checkIssued } from './checks.ts';
import type { Game, Letter } from './game.ts';
import { tell } from './game.ts';
import { deliver } from './host.ts';
import type { Instance } from './instance.ts';
import { hexOf, PCR, WALLET } from './instance.ts';
import type { Rulebook } from './policies.ts';
import { RULEBOOKS } from './policies.ts';

/** Whether what is signed arrives at once, is the host's to keep, or never leaves because the renewer dies before it sends. */
export type Way = 'sent' | 'withheld' | 'crash';

const owner = makeKey('owner');
const kms = {
  readPublicKey: async () => owner.key,
  sign: async (_arn: string, _key: Uint8Array, message: Uint8Array) => owner.sign(message),
  close: () => undefined,
};

function makeParts(game: Game, instance: Instance, way: Way): RenewerParts {
  const { sabotage } = game;
  const image = { name: 'sim', pcr0: hexOf(PCR), pcr1: hexOf(PCR), pcr2: hexOf(PCR) };
  const keys = { owner: { arn: 'o', publicKey: hexOf(owner.key) } };
  const profile = { mode: 'development', nsmRoot: game.site.rootFingerprint, images: [image], keys };
  const store = {
    list: () => [WALLET],
    read: () => sabotage.read?.(game.record, instance) ?? game.record,
    write(next: WitnessRecord) {
      const before = game.record;
      game.record = sabotage.write?.(next, before, way === 'crash') ?? next;
      const [newest] = next.witness.boots.slice(-1);
      const decided = next.witness.lastNumber > before.witness.lastNumber;
      if (decided && newest !== undefined) game.written.push({ boot: newest.boot, ceiling: newest.maxCeiling });
    },
    readPolicy: (hash: string) => RULEBOOKS.find(({ policy }) => policy.hash === hash)?.policy,
    writePolicy: (bytes: Uint8Array) => RULEBOOKS.find(({ blob }) => blob.bytes === bytes)?.policy,
  };
  return { profile, admin: makeAdmin(game, instance, way), kms, store } as unknown as RenewerParts;
}

/** A host that answers about one instance. */
function makeAdmin(game: Game, instance: Instance, way: Way): Admin {
  const handlers = ownerHandlers(instance.enclave);
  return {
    hello: async () => ({ wallets: [{ wallet: WALLET, phase: '' }] }),
    attest: async (nonce: Uint8Array, wallets: string[]) => (await handlers.attest({ nonce, wallets })).result,
    readReceipts: async (_wallet: string, after: number) => ({
      receipts: instance.receipts.slice(after),
      signedHead: null,
      more: false,
    }),
    async send(sent: Sent) {
      if (way === 'crash' && game.sabotage.sendsFirst !== true) throw new ReeveError('admin-unreachable', {});
      const letter = post(game, instance, sent, null);
      if (way === 'sent') await deliver(game, instance, letter);
    },
  } as unknown as Admin;
}

/** Hands what was signed to the host. */
function post(game: Game, instance: Instance, sent: Sent, rulebook: Rulebook | null): Letter {
  const command = { envelope: [...sent.envelope], body: sent.body };
  const payload = readPayload(command.envelope);
  const lease = readLease(payload.command, command.body, payload.bodyHash);
  const letter: Letter = { issue: game.mail.length, command, payload, lease, era: game.eras.length - 1, rulebook };
  game.mail.push(letter);
  if (rulebook !== null) game.standings.push({ command, rulebook });
  tell(
    game,
    `owner: ${payload.command} for instance ${instance.name}${lease === null ? '' : `, ${showLease(letter)}`}`,
  );
  if (lease !== null) checkIssued(game, instance, lease);
  return letter;
}

function readLease(name: CommandName, body: Uint8Array, hash: Uint8Array): Letter['lease'] {
  if (name === 'lease.grant') return decodeCommandBody(name, body, hash).lease;
  return name === 'policy.set' ? (decodeCommandBody(name, body, hash).lease ?? null) : null;
}

function showLease({ lease }: Letter): string {
  const list = (amounts: readonly { asset: string; amount: bigint }[] = []) =>
    amounts.map(({ asset, amount }) => `${amount} ${asset}`).join(' and ') || 'nothing';
  return `lease ${lease?.number}, ceiling ${list(lease?.ceiling)}, charged ${list(lease?.charges)}`;
}

function openKeeper(game: Game, instance: Instance, way: Way): Keeper {
  return createLocalKeeper(makeParts(game, instance, way));
}

async function attest(game: Game, instance: Instance): Promise<Statement> {
  const { admin, profile } = makeParts(game, instance, 'sent');
  return attestPinned(admin, profile, game.record.pins);
}

async function order<Name extends CommandName>(
  game: Game,
  instance: Instance,
  name: Name,
  body: CommandBody<Name>,
  { way, rulebook = null }: { way: Way; rulebook?: Rulebook | null },
): Promise<unknown> {
  const parts = makeParts(game, instance, way);
  const signed = await signCommand(parts.kms, parts.profile, await attest(game, instance), name, body);
  const letter = post(game, instance, signed, rulebook);
  return way === 'sent' ? deliver(game, instance, letter) : undefined;
}

/** One pass of the renewer over this instance. */
export async function renew(game: Game, instance: Instance, way: Way = 'sent'): Promise<void> {
  const [outcome] = await openKeeper(game, instance, way).renew([WALLET]);
  if (outcome?.result !== 'leased')
    tell(game, `renewer: instance ${instance.name}: ${outcome?.result} ${outcome?.code ?? ''}`);
}

export async function pause(game: Game, instance: Instance, way: Way = 'sent'): Promise<void> {
  await openKeeper(game, instance, way).pause(WALLET);
  const ends = game.mail.map(({ lease }) => Number(lease?.until ?? 0));
  game.silentFrom ??= Math.max(game.site.now, ...ends);
  await attempt(() => order(game, instance, 'pause', {}, { way }));
}

export async function resume(game: Game, instance: Instance, way: Way = 'sent'): Promise<void> {
  await openKeeper(game, instance, way).resume(WALLET);
  game.silentFrom = null;
  await attempt(() => order(game, instance, 'resume', {}, { way }));
}

/** The next policy, with its lease. */
export async function changePolicy(game: Game, instance: Instance, way: Way = 'sent'): Promise<void> {
  const at = RULEBOOKS.indexOf(game.eras.at(-1) as Rulebook);
  const rulebook = RULEBOOKS[(at + 1) % RULEBOOKS.length] as Rulebook;
  await attempt(async () => {
    const { policyVersion } = await attest(game, instance);
    game.eras.push(rulebook);
    const { lease } = await openKeeper(game, instance, way).replacePolicy(WALLET, rulebook.blob.bytes);
    const body = { policyHash: rulebook.blob.hash, version: policyVersion + 1, ...(lease === null ? {} : { lease }) };
    await order(game, instance, 'policy.set', body, { way, rulebook });
  });
}

/** The owner says yes to what waits in this instance. */
export async function approve(
  game: Game,
  instance: Instance,
  { id, effectsHash }: { id: string; effectsHash: Uint8Array },
  way: Way = 'sent',
): Promise<void> {
  await attempt(async () => {
    const statement = await attest(game, instance);
    const until = game.site.now + 1_200_000;
    const note = { boot: hexOf(statement.boot), effectsHash: hexOf(effectsHash), approvalId: id, until };
    await openKeeper(game, instance, way).approve(WALLET, note);
    game.approvals.push({ id, effectsHash: note.effectsHash, boot: note.boot, until, uses: 0 });
    await order(game, instance, 'approve', { approvalId: id, effectsHash, notAfter: BigInt(until) }, { way });
  });
}

/** The wallet under another sealing key; the witness follows when the enclave has done it. */
export async function reseal(game: Game, instance: Instance): Promise<void> {
  await attempt(async () => {
    const { policyHash, policyVersion } = await attest(game, instance);
    const kmsKeyArn = `arn:aws:kms:eu-central-1:000000000000:key/seal-${game.seals.length}`;
    const body = { kmsKeyArn, policyHash, version: policyVersion + 1 };
    const before = game.seals.length;
    await order(game, instance, 'reseal', body, { way: 'sent' });
    const { command } = game.mail.at(-1) as Letter;
    if (game.seals.length === before) return;
    await openKeeper(game, instance, 'sent').repin(WALLET, command);
    game.arn = kmsKeyArn;
  });
}

/** What the owner's tools refuse is refused: an alarm, a statement that does not fit the pins, a command the enclave does not take. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isReeveError(error)) throw error;
  }
}
