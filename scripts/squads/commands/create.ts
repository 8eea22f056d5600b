/** `reeve squads create`: a multisig for a wallet, of a shape in which the agent alone can do no more than its limits. */

import { randomBytes } from 'node:crypto';
import { generateKeyPairSigner } from '@solana/kit';
import { ReeveError } from '../../../enclave/link/errors.ts';
import { pubkeyFromBytes, pubkeyToBase58 } from '../../../policy/keys.ts';
import { deriveMultisig, deriveVault } from '../../../policy/programs/squads-addresses.ts';
import type { Pubkey } from '../../../policy/types.ts';
import { confirm } from '../../cli/confirm.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { readTreasury, SQUADS_CONFIG_ADDRESS } from '../../dev/programs.ts';
import type { Session } from '../../owner/session.ts';
import { defineOwnerCommand } from '../../owner/session.ts';
import { findRecord, keepRecord } from '../record.ts';
import { ALL_PERMISSIONS } from '../sdk.ts';
import type { OwnerChain } from '../session.ts';
import { CHAIN_OPTIONS, openOwnerChain, readKey } from '../session.ts';
import type { Shape } from '../shapes.ts';
import { describeShape, findDangers, spendingShape, treasuryShape } from '../shapes.ts';

/** How long the owner may cancel what the guardians do, seconds: 7 days. */
const RECOVERY_LOCK = 604_800;

export const create = defineOwnerCommand(
  {
    usage: 'reeve squads create WALLET [--shape spending|treasury] [--recovery ADDRESS | --guardians A,B,C]',
    summary:
      'Makes a Squads multisig for a wallet. spending: the owner decides alone, the agent is no member and pays within spending limits. treasury: two of owner, agent and recovery.',
    words: 1,
    options: {
      ...CHAIN_OPTIONS,
      shape: { value: 'NAME', text: 'spending (default) or treasury' },
      recovery: { value: 'ADDRESS', text: 'treasury: the third voter, a cold key or a vault' },
      guardians: {
        value: 'A,B,C',
        text: 'who can recover when the owner key is lost; for a treasury they are the third voter',
      },
      'guardian-threshold': { value: 'M', text: 'how many of them (more than half)' },
      'recovery-lock': {
        value: 'SECONDS',
        text: `spending: how long the owner may cancel a recovery (${RECOVERY_LOCK})`,
      },
      'time-lock': { value: 'SECONDS', text: 'treasury: between approval and execution (0)' },
      again: { text: 'make another one although the wallet has one' },
    },
  },
  async (session) => {
    const { context, profile } = session;
    const wallet = context.words[0] as string;
    const { statement } = await session.attest(wallet);
    if (findRecord(profile, wallet) !== null && !context.flag('again'))
      throw new ReeveError('squads-account', { wallet, what: 'the wallet has a multisig: see reeve squads status' });
    const plan = await planCreation(session, pubkeyFromBytes(statement.agent));
    const dangers = plan.steps.flatMap(({ shape }) => findDangers(shape, plan.agent));
    if (dangers[0] !== undefined) throw new ReeveError('squads-shape', { detail: dangers.join('; ') });
    for (const { title, address, shape } of plan.steps) {
      context.say(`${title} ${pubkeyToBase58(address)}`);
      for (const line of describeShape(shape, plan.names)) context.say(`  ${line}`);
    }
    await confirm(context, `Create ${plan.steps.length === 1 ? 'it' : 'all of them'}?`);
    const owner = await openOwnerChain(session);
    const signatures: string[] = [];
    for (const step of plan.steps) signatures.push(await createOne(owner, step));
    return report(session, wallet, plan, signatures);
  },
);

interface Step {
  readonly title: string;
  readonly signer: Awaited<ReturnType<typeof generateKeyPairSigner>>;
  readonly address: Pubkey;
  readonly shape: Shape;
}

interface Plan {
  readonly kind: 'spending' | 'treasury';
  readonly agent: Pubkey;
  readonly names: ReadonlyMap<Pubkey, string>;
  /** In the order they are made; the wallet's own is the last. */
  readonly steps: readonly Step[];
  readonly recovery: { readonly guardians: Pubkey; readonly multisig: Pubkey } | null;
}

async function planCreation({ context, profile }: Session, agent: Pubkey): Promise<Plan> {
  const kind = context.option('shape') ?? 'spending';
  if (kind !== 'spending' && kind !== 'treasury') throw usageError(`--shape is spending or treasury, not ${kind}`);
  const owner = pubkeyFromBytes(Buffer.from(profile.keys.owner.publicKey, 'hex'));
  const names = new Map<Pubkey, string>([
    [owner, 'owner'],
    [agent, 'agent'],
  ]);
  const steps: Step[] = [];
  const add = async (title: string, shape: Shape): Promise<Pubkey> => {
    const signer = await generateKeyPairSigner();
    const address = deriveMultisig(readKey(signer.address, 'create key'));
    steps.push({ title, signer, address, shape });
    return address;
  };
  const guardians = readGuardians(context.option('guardians'), context.option('guardian-threshold'));
  const cold = context.option('recovery');
  if (cold !== undefined && (guardians !== null || kind === 'spending'))
    throw usageError('--recovery names the third voter of a treasury; a spending wallet takes --guardians');
  if (guardians === null) {
    const recovery = cold === undefined ? null : readKey(cold, '--recovery');
    if (recovery !== null) names.set(recovery, 'recovery');
    const lock = readSeconds(context.option('time-lock'), 0, '--time-lock');
    const shape = kind === 'spending' ? spendingShape(owner, null) : treasuryShape(owner, agent, recovery, lock);
    await add(kind, shape);
    return { kind, agent, names, steps, recovery: null };
  }
  const council = await add('guardians', guardians);
  const voice = deriveVault(council, 0);
  names.set(voice, 'guardians');
  if (kind === 'treasury') {
    const lock = readSeconds(context.option('time-lock'), 0, '--time-lock');
    await add(kind, treasuryShape(owner, agent, voice, lock));
    return { kind, agent, names, steps, recovery: null };
  }
  const lock = readSeconds(context.option('recovery-lock'), RECOVERY_LOCK, '--recovery-lock');
  const multisig = await add('recovery', { ...spendingShape(owner, voice), timeLock: lock });
  names.set(deriveVault(multisig, 0), 'recovery');
  await add(kind, spendingShape(owner, deriveVault(multisig, 0)));
  return { kind, agent, names, steps, recovery: { guardians: council, multisig } };
}

/** Guardians decide together and are all equal. More than half by default: with fewer, two groups of them could act against each other. */
function readGuardians(list: string | undefined, threshold: string | undefined): Shape | null {
  if (list === undefined) return null;
  const keys = list.split(',').map((text) => readKey(text.trim(), '--guardians'));
  const members = keys.map((key) => ({ key, permissions: ALL_PERMISSIONS }));
  const most = readSeconds(threshold, Math.floor(keys.length / 2) + 1, '--guardian-threshold');
  return { threshold: most, members: members.toSorted((a, b) => (a.key < b.key ? -1 : 1)), timeLock: 0 };
}

function readSeconds(text: string | undefined, otherwise: number, what: string): number {
  if (text === undefined) return otherwise;
  if (!/^[0-9]{1,8}$/.test(text)) throw usageError(`${what}: a whole number`);
  return Number(text);
}

async function createOne({ chain, sdk, ownerKey, payerKey, send }: OwnerChain, { signer, address, shape }: Step) {
  const config = await chain.readAccount(SQUADS_CONFIG_ADDRESS);
  if (config === null) throw new ReeveError('squads-account', { what: 'the Squads program is not on this chain' });
  const create = sdk.createMultisig({
    ...shape,
    treasury: pubkeyFromBytes(readTreasury(config.data)),
    creator: payerKey,
    createKey: readKey(signer.address, 'create key'),
    multisig: address,
    rentCollector: ownerKey,
  });
  return (await send([create], [signer])).signature;
}

/** The record is kept once all of it landed: before that there is nothing to go on with, and a new attempt makes new ones. */
function report({ context, profile }: Session, wallet: string, plan: Plan, signatures: readonly string[]): number {
  const { address } = plan.steps.at(-1) as Step;
  const multisig = pubkeyToBase58(address);
  const vault = pubkeyToBase58(deriveVault(address, 0));
  const recovery = plan.recovery === null ? {} : { recovery: toAddresses(plan.recovery) };
  keepRecord(profile, wallet, { format: 'reeve/squads/v1', shape: plan.kind, multisig, ...recovery });
  const limits = ['SOL'].map((asset) => ({ createKey: pubkeyToBase58(pubkeyFromBytes(randomBytes(32))), asset }));
  const members = plan.steps.at(-1)?.shape.members.length ?? 0;
  const entry = { multisig, index: 0, members, limits };
  context.report({ wallet, shape: plan.kind, multisig, vault, ...recovery, policyEntry: entry, signatures }, [
    `Multisig ${multisig}`,
    `Vault    ${vault}   <- send funds here, never to the multisig’s own address`,
    'For "vaults" of the policy (one limit for each asset the agent may pay, each with a createKey of its own):',
    `  ${JSON.stringify(entry)}`,
    `Then: reeve owner policy set ${wallet} FILE, and reeve squads limits ${wallet} --sync`,
  ]);
  return EXIT.done;
}

function toAddresses({ guardians, multisig }: { guardians: Pubkey; multisig: Pubkey }) {
  return { guardians: pubkeyToBase58(guardians), multisig: pubkeyToBase58(multisig) };
}
