/** Ways to take a rule away without a switch in what is tested: around the renewer's file, and behind the enclave's back. */

import type { Amounts, LeaseState } from '../../../policy/lease.ts';
import { amountOf } from '../../../policy/lease.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { LeasedBoot } from '../../../policy/witness.ts';
import type { WitnessRecord } from '../../../scripts/renewer/witness-file.ts';
import type { Game, Sabotage } from './game.ts';
import type { Instance } from './instance.ts';
import { walletOf } from './instance.ts';
import { RULEBOOKS, SIGNATURES, SOL } from './policies.ts';

const ASSETS = [SOL, SIGNATURES] as const;

type Change = (record: WitnessRecord, instance: Instance) => Partial<WitnessRecord['witness']>;

/** The witness read otherwise than it was written. */
export function readAs(change: Change): Sabotage {
  return { read: (record, instance) => ({ ...record, witness: { ...record.witness, ...change(record, instance) } }) };
}

/** The witness with other boots than the stated one changed or left out. */
export function seeOthers(change: (boot: LeasedBoot, instance: Instance) => LeasedBoot | null): Sabotage {
  return readAs(({ witness }, instance) => ({
    boots: witness.boots.flatMap((each) =>
      each.boot === instance.enclave.bootHash ? each : (change(each, instance) ?? []),
    ),
  }));
}

/** The boot that the instance's chain was leased for last. */
export const recoveredBoot = (instance: Instance) =>
  Buffer.from(walletOf(instance).recovered.mBoot ?? []).toString('hex');

/** A step's outcome changed behind the enclave's back. */
export function after(steps: readonly string[], change: (instance: Instance, game: Game) => void): Sabotage {
  return { after: (instance, step, game) => (steps.includes(step) ? change(instance, game) : undefined) };
}

/** Commands that bring a lease. */
export const LEASING = ['lease.grant', 'policy.set'];

/** The lease an instance holds, changed. */
export function setLease(instance: Instance, change: (lease: LeaseState, slice: Amounts) => Partial<LeaseState>): void {
  const wallet = walletOf(instance);
  if (wallet.lease !== null) wallet.lease = { ...wallet.lease, ...change(wallet.lease, slicesOf(wallet.policy)) };
}

function slicesOf({ assets }: Policy): Amounts {
  return Object.fromEntries([...assets.values()].map(({ id, slice }) => [id, slice]));
}

/** Per asset. */
export function add(one: Amounts, other: Amounts): Amounts {
  return Object.fromEntries(ASSETS.map((asset) => [asset, amountOf(one, asset) + amountOf(other, asset)]));
}

/** The newest boot with the ceiling of its newest lease, as it would be under the policy in force. */
export function lowerCeiling({ boots, policyHash, lastStatement }: WitnessRecord['witness']): readonly LeasedBoot[] {
  const policy = RULEBOOKS.find((each) => each.policy.hash === policyHash)?.policy as Policy;
  const maxCeiling = add(lastStatement?.spentInBoot ?? {}, slicesOf(policy));
  return boots.map((boot, index) => (index === boots.length - 1 ? { ...boot, maxCeiling } : boot));
}
