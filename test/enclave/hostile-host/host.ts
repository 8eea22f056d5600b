/** What the host does: instances from any state of the disk, letters to whom it likes, payments wherever they pass. */

import { verify } from 'node:crypto';
import type { Cbor } from '../../../enclave/link/cbor.ts';
import { decodeCbor, encodeCbor } from '../../../enclave/link/cbor.ts';
import { publicKeyObject } from '../../../enclave/link/ed25519.ts';
import { isReeveError } from '../../../enclave/link/errors.ts';
import type { Receipt } from '../../../enclave/link/receipts.ts';
import type { Outcome } from '../../../enclave/link/schema/registry.ts';
import type { Approval } from '../../../enclave/link/schema/results.ts';
import { agentHandlers } from '../../../enclave/planes/agent.ts';
import { ownerHandlers } from '../../../enclave/planes/owner.ts';
import { blobOf, paymentOf } from '../helpers.ts';
import { checkSigned, checkTaken } from './checks.ts';
import type { Game, Letter } from './game.ts';
import { addInstance, fail, tell } from './game.ts';
import type { Instance, State } from './instance.ts';
import { hexOf, stage, store, WALLET, walletOf } from './instance.ts';
import { EXCEPTIONAL } from './policies.ts';

type SignResult = Outcome<'agent', 'sign'>;

/** Bytes of one signature and their count, in front of a transaction's message. */
const SIGNATURES_BYTES = 65;

/** An instance from a state, or from nothing but the newest seal and the newest policy ever signed. What the enclave refuses is no instance. */
export async function start(
  game: Game,
  origin: State | null,
  beside: { readonly seal?: number; readonly standing?: number } = {},
): Promise<Instance | null> {
  const instance = addInstance(game, origin);
  instance.seal = beside.seal ?? origin?.seal ?? game.seals.length - 1;
  instance.standing = beside.standing ?? origin?.standing ?? game.standings.length - 1;
  const { command, rulebook } = game.standings[instance.standing] as Game['standings'][number];
  stage(instance, rulebook.blob);
  const run = blobOf(encodeCbor([...(origin?.receipts ?? [])]));
  if (origin !== null) stage(instance, run);
  try {
    await ownerHandlers(instance.enclave)['wallet.restore']({
      wallet: WALLET,
      seal: (game.seals[instance.seal] as Game['seals'][number]).bytes,
      policyEnvelope: command.envelope,
      policyBody: command.body,
      receipts: origin === null ? [] : [run.hash],
      ...(origin === null ? {} : { signedHead: origin.head }),
    });
  } catch (error) {
    game.instances.pop();
    if (isReeveError(error)) return null;
    throw error;
  }
  store(instance);
  tell(
    game,
    `host: instance ${instance.name} starts from ${origin === null ? 'no receipts' : `${origin.receipts.length} receipts`}`,
  );
  return instance;
}

/** Hands a letter to an instance. What it refuses changes nothing but, perhaps, its sequence number. */
export async function deliver(game: Game, instance: Instance, letter: Letter): Promise<void> {
  const { command: name } = letter.payload;
  if (letter.rulebook !== null) stage(instance, letter.rulebook.blob);
  try {
    const { result } = await ownerHandlers(instance.enclave).command(letter.command);
    checkTaken(game, instance, letter);
    if (name === 'policy.set')
      instance.standing = game.standings.findIndex(({ command }) => command === letter.command);
    if (result.seal !== undefined && name === 'reseal') followSeal(game, instance, letter, result.seal);
  } catch (error) {
    store(instance);
    if (isReeveError(error)) return;
    throw error;
  }
  store(instance);
  tell(game, `host: instance ${instance.name} takes ${name} ${letter.issue}`);
  game.sabotage.after?.(instance, name, game);
}

function followSeal(game: Game, instance: Instance, { command }: Letter, bytes: Uint8Array): void {
  const { kmsKeyArn: arn, policy } = walletOf(instance);
  const rulebook = game.eras.findLast((each) => each.policy.hash === policy.hash) as Game['eras'][number];
  instance.seal = game.seals.push({ bytes, arn }) - 1;
  instance.standing = game.standings.push({ command, rulebook }) - 1;
}

export async function close(game: Game, instance: Instance): Promise<void> {
  await ownerHandlers(instance.enclave)['boot.close']({ wallets: [WALLET] });
  store(instance);
  tell(game, `host: instance ${instance.name} is closed in order`);
  game.sabotage.after?.(instance, 'boot.close', game);
}

/** A payment of its own bytes. */
export function spend(game: Game, instance: Instance, lamports: bigint): void {
  game.payments += 1;
  submit(game, instance, lamports, game.payments);
}

/** The payment that needs an approval: signed where there is one, else the approval that waits for it now. */
export function spendExceptional(game: Game, instance: Instance): Approval | null {
  game.payments += 1;
  return submit(game, instance, EXCEPTIONAL, game.payments);
}

/** `nonce` makes the bytes: the same again is the same payment, and its signature the same spend. */
export function submit(game: Game, instance: Instance, lamports: bigint, nonce: number): Approval | null {
  const wallet = walletOf(instance);
  const wire = paymentOf(wallet.agentKey, lamports, nonce);
  const result = ask(instance, wire);
  const receipts = store(instance);
  if (result?.outcome === 'needs-approval') return result.approval;
  if (result?.outcome === 'signed') noteSignature(game, instance, wire, lamports, { result, receipts });
  return null;
}

/** What the instance answers, as the host reads it from the bytes of the reply; null for an error. */
function ask(instance: Instance, wire: Uint8Array): SignResult | null {
  const { stored } = walletOf(instance).chain;
  try {
    const answer = agentHandlers(instance.enclave).sign({ wallet: WALLET, stored, transactions: [wire], owners: [] });
    const { result } = answer as Exclude<typeof answer, Promise<unknown>>;
    return decodeCbor(encodeCbor(result as unknown as Cbor)) as unknown as SignResult;
  } catch (error) {
    if (isReeveError(error)) return null;
    throw error;
  }
}

function noteSignature(
  game: Game,
  instance: Instance,
  wire: Uint8Array,
  lamports: bigint,
  { result, receipts }: { result: Extract<SignResult, { outcome: 'signed' }>; receipts: readonly Receipt[] },
): void {
  const [signature] = result.signatures;
  const key = publicKeyObject(walletOf(instance).agent.publicKey);
  if (signature === undefined || !verify(null, wire.subarray(SIGNATURES_BYTES), key, signature)) {
    fail(game, 'a signature does not verify');
    return;
  }
  if (game.known.has(hexOf(signature))) return;
  game.known.add(hexOf(signature));
  const receipt = receipts.find(({ kind }) => kind === 'decision');
  if (receipt?.kind !== 'decision') {
    fail(game, 'a signature without a receipt');
    return;
  }
  const { approvalId } = receipt.body;
  tell(game, `agent: instance ${instance.name} signs ${lamports}${approvalId === undefined ? '' : ', approved'}`);
  checkSigned(game, instance, lamports, receipt);
  if (approvalId !== undefined) game.sabotage.after?.(instance, 'approved', game);
}
