/** What every step of the demo works with, and how it says what it expected. */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentAnswer } from '../agent.ts';
import { callAgent } from '../agent.ts';
import { readBalance } from '../chain-calls.ts';
import { agentSocket, DEMO_WALLET } from '../layout.ts';
import type { OwnerAnswer } from '../owner.ts';
import { mustOwner, runOwner } from '../owner.ts';
import type { Parties } from '../setup.ts';
import { profilePath } from '../setup.ts';
import type { Stack } from '../stack.ts';

/** How long a transfer may take to land, seconds. */
const WAIT_SECONDS = 30;

/** How long a restarted enclave may take to have the wallet back, and how often it is looked at; milliseconds. */
const PHASE_MS = 15_000;
const POLL_MS = 50;

export interface Tour {
  readonly stack: Stack;
  readonly parties: Parties;
}

/** One step: what it shows, and the facts it shows it with. It throws where something is not what it should be. */
export interface Step {
  readonly text: string;
  run(tour: Tour): Promise<string>;
}

/** Refuses to go on unless `holds`. */
export function expect(holds: boolean, expected: string, observed: unknown): void {
  if (!holds) throw new Error(`expected ${expected}, got ${JSON.stringify(observed)?.slice(0, 400)}`);
}

export function call({ stack }: Tour, method: 'GET' | 'POST', path: string, body?: unknown): Promise<AgentAnswer> {
  return callAgent(agentSocket(stack.layout, DEMO_WALLET), method, path, body);
}

export interface Payment {
  readonly id: string;
  readonly to: string;
  readonly amount: string;
  readonly asset?: string;
}

export function pay(tour: Tour, payment: Payment): Promise<AgentAnswer> {
  return call(tour, 'POST', '/v1/transfer', { asset: 'SOL', wait: WAIT_SECONDS, ...payment });
}

/** A payment that must land; returns its signature. */
export async function mustPay(tour: Tour, payment: Payment): Promise<string> {
  const { status, body } = await pay(tour, payment);
  expect(status === 200 && body['status'] === 'landed', 'a landed payment', body);
  return String(body['signature']);
}

/** The code of the first violation of a refusal; an answer that is none is not what the step expects. */
export function refusal({ status, body }: AgentAnswer): { code: string; remaining: string | undefined } {
  const violations = body['violations'] as { code: string; remaining?: string }[] | undefined;
  expect(status === 403 && violations !== undefined && violations.length > 0, 'a refusal', body);
  return { code: violations?.[0]?.code ?? '', remaining: violations?.[0]?.remaining };
}

export function owner({ stack }: Tour, ...argv: readonly string[]): Promise<OwnerAnswer> {
  return runOwner([...argv, '--profile', profilePath(stack)]);
}

export function mustBeOwner({ stack }: Tour, ...argv: readonly string[]): Promise<Record<string, unknown>> {
  return mustOwner([...argv, '--profile', profilePath(stack)]);
}

/** A lease from the owner's renewer, which looks at a fresh attestation first. */
export function lease(tour: Tour, ...more: readonly string[]): Promise<Record<string, unknown>> {
  return mustBeOwner(tour, 'lease', '--once', ...more);
}

export interface SolBudget {
  readonly spent: bigint;
  readonly unseen: bigint;
  readonly now: bigint;
}

/** What the day's SOL window says, in lamports. */
export async function readSolBudget(tour: Tour): Promise<SolBudget> {
  const { body } = await call(tour, 'GET', '/v1/budget');
  const assets = body['assets'] as { asset: string; now: string; windows: { spent: string; unseen: string }[] }[];
  const sol = assets.find(({ asset }) => asset === 'SOL');
  const day = sol?.windows[0];
  expect(day !== undefined, 'a SOL window', body);
  return { spent: BigInt(day?.spent ?? 0), unseen: BigInt(day?.unseen ?? 0), now: BigInt(sol?.now ?? 0) };
}

export async function readWallet(tour: Tour): Promise<{ address: string; phase: string; stale: boolean }> {
  const { body } = await call(tour, 'GET', '/v1/wallet');
  return { address: String(body['address']), phase: String(body['phase']), stale: body['stale'] === true };
}

/** Waits until the host proxy has handed the wallet back to a new boot. */
export async function waitForPhase(tour: Tour, phase: string): Promise<void> {
  const deadline = performance.now() + PHASE_MS;
  let seen = '';
  while (performance.now() < deadline) {
    const wallet = await readWallet(tour);
    seen = wallet.phase;
    if (seen === phase && !wallet.stale) return;
    await delay(POLL_MS);
  }
  expect(false, `phase ${phase}`, seen);
}

export function balance({ stack }: Tour, address: string): Promise<bigint> {
  return readBalance(stack.chainUrl, address);
}

/** Lamports as SOL, for people. */
export function sol(lamports: bigint): string {
  const fraction = (lamports % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${lamports / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`} SOL`;
}

export function storeFolder({ stack }: Tour): string {
  return join(stack.layout.store, 'wallets', DEMO_WALLET);
}
