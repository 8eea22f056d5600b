/**
 * A game of a hostile host against the real wallet and the real renewer. The host owns the disk, the delivery of everything and any number of
 * instances; the owner's side is the code the owner's tools run, on a witness in memory. The clock is nobody's.
 */
import type { CommandName, CommandPayload } from '../../../enclave/link/schema/command.ts';
import type { WireLease } from '../../../enclave/link/schema/lease.ts';
import { ownerHandlers } from '../../../enclave/planes/owner.ts';
import type { Amounts } from '../../../policy/lease.ts';
import type { Hash, Millis } from '../../../policy/types.ts';
import { emptyWitness } from '../../../policy/witness.ts';
import type { WitnessRecord } from '../../../scripts/renewer/witness-file.ts';
import { makeKey } from '../../keys.ts';
import type { Spending } from '../../policy/lease-game/promises.ts';
import type { SignedCommand } from '../helpers.ts';
import { signCommand } from '../helpers.ts';
import type { Instance, Site } from './instance.ts';
import { createEnclave, createSite, stage, store, WALLET, walletOf } from './instance.ts';
import type { Rulebook } from './policies.ts';
import { RULEBOOKS } from './policies.ts';

/** Friday, 20 November 2026, 12:00 UTC. */
export const START = Date.UTC(2026, 10, 20, 12) as Millis;
export const FIRST_ARN = 'arn:aws:kms:eu-central-1:000000000000:key/seal-0';

/** What the owner signed: the host's to deliver, to whom and as often as it likes. */
export interface Letter {
  readonly issue: number;
  readonly command: SignedCommand;
  readonly payload: CommandPayload;
  readonly lease: WireLease | null;
  /** How many times the owner had changed the policy. */
  readonly era: number;
  /** The policy that travels with it. */
  readonly rulebook: Rulebook | null;
}

export interface Approval {
  readonly id: string;
  readonly effectsHash: string;
  readonly boot: string;
  readonly until: number;
  uses: number;
}

/** What stands in the way of a rule: how the witness is read and written, and what becomes of a wallet after a step of the enclave. */
export interface Sabotage {
  readonly read?: (record: WitnessRecord, instance: Instance) => WitnessRecord;
  readonly write?: (next: WitnessRecord, before: WitnessRecord, crash: boolean) => WitnessRecord;
  /** A lease leaves although the renewer dies before it should. */
  readonly sendsFirst?: boolean;
  readonly after?: (instance: Instance, step: Step, game: Game) => void;
}

export type Step = CommandName | 'boot.close' | 'approved';

export interface Game {
  readonly site: Site;
  readonly sabotage: Sabotage;
  /** Whether charges are compared with what these records say, beside what is really signed. */
  readonly exact: boolean;
  readonly instances: Instance[];
  readonly mail: Letter[];
  readonly eras: Rulebook[];
  /** Commands that say which policy is in force, and the seals that ever were. */
  readonly standings: { readonly command: SignedCommand; readonly rulebook: Rulebook }[];
  readonly seals: { readonly bytes: Uint8Array; readonly arn: string }[];
  /** The sealing key of the seal that counts. */
  arn: string;
  /** The renewer's file. */
  record: WitnessRecord;
  /** Every lease the renewer decided on, whether it left or not. */
  readonly written: { readonly boot: Hash; readonly ceiling: Amounts }[];
  /** What signatures that left and verified cost; those that rest on an approval cost nothing. */
  readonly spendings: Spending[];
  /** Every signature that left, each once: the same bytes signed again are the same spend. */
  readonly known: Set<string>;
  readonly approvals: Approval[];
  silentFrom: number | null;
  payments: number;
  fault: string | null;
  readonly log: string[];
}

export function fail(game: Game, text: string): void {
  game.fault ??= text;
}

export function tell(game: Game, text: string): void {
  game.log.push(`${String((game.site.now - START) / 1_000).padStart(6)} s  ${text}`);
}

/** A new game; its first instance has just created the wallet. `folder` keeps the simulated NSM's root. */
export async function createGame(folder: string, sabotage: Sabotage = {}, exact = true): Promise<Game> {
  const site = createSite(folder, START);
  const [rulebook] = RULEBOOKS as [Rulebook];
  const lists = { instances: [], mail: [], written: [], spendings: [], known: new Set<string>(), approvals: [] };
  const game: Game = {
    site,
    sabotage,
    exact,
    ...lists,
    eras: [rulebook],
    standings: [],
    seals: [],
    arn: FIRST_ARN,
    record: null as unknown as WitnessRecord,
    silentFrom: null,
    payments: 0,
    fault: null,
    log: [],
  };
  await createWallet(game, rulebook);
  return game;
}

async function createWallet(game: Game, rulebook: Rulebook): Promise<void> {
  const first = addInstance(game, null);
  stage(first, rulebook.blob);
  const owner = makeKey('owner').key;
  const body = { wallet: WALLET, ownerPublicKey: owner, kmsKeyArn: FIRST_ARN, policyHash: rulebook.blob.hash };
  const times = { seq: 1, notAfter: BigInt(game.site.now + 60_000) };
  const command = signCommand(first.enclave, WALLET, 'wallet.create', body, times);
  const { result } = await ownerHandlers(first.enclave).command(command);
  game.standings.push({ command, rulebook });
  game.seals.push({ bytes: result.seal as Uint8Array, arn: FIRST_ARN });
  store(first);
  const { agent, chain } = walletOf(first);
  const pins = { wallet: WALLET, agent: agent.publicKey, receiptKey: chain.key.publicKey, owner, kmsKeyArn: FIRST_ARN };
  const witness = emptyWitness(WALLET, rulebook.policy.hash);
  game.record = { pins, witness, head: null, halted: null, approvalIds: [] };
}

/** An enclave that holds nothing yet. */
export function addInstance(game: Game, origin: Instance['origin']): Instance {
  const name = game.instances.length + 1;
  const beside = { seal: origin?.seal ?? 0, standing: origin?.standing ?? 0 };
  const instance = { name, enclave: createEnclave(game.site), origin, receipts: [...(origin?.receipts ?? [])] };
  const added: Instance = { ...instance, ...beside, own: [], states: [], lastIssue: -1 };
  game.instances.push(added);
  return added;
}
