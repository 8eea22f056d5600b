/** `reeve owner status`: every wallet as a fresh attestation shows it, beside what the witness knows. */

import { readFailure } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { formatTable, formatTime, toHex } from '../../cli/text.ts';
import type { WitnessSummary } from '../../renewer/keeper.ts';
import type { Attested } from '../attest.ts';
import { attestGroups, checkPins } from '../attest.ts';
import { listPinned, readKeptPolicy, readPins } from '../copy.ts';
import type { Session } from '../session.ts';
import { defineOwnerCommand, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';
import { leftOfLease, showAmounts, toAddress } from '../show.ts';

export const status = defineOwnerCommand(
  {
    usage: 'reeve owner status [WALLET]',
    summary: 'Attests wallets and shows phase, policy, lease and what the witness knows of them.',
    words: [0, 1],
    options: { ...PROFILE_OPTIONS, ...RENEWER_OPTION },
  },
  async (session) => {
    const { context, profile } = session;
    const named = context.words[0];
    const wallets = named === undefined ? listPinned(profile) : [named];
    const witness = await readWitness(session);
    const rows = await readRows(session, wallets, witness);
    const lines =
      rows.length === 0 ? ['No wallet is pinned in this profile.'] : formatTable([TITLES, ...rows.map(toCells)]);
    context.report({ mode: profile.mode, wallets: rows }, [
      ...(profile.mode === 'development' ? ['Mode development: these enclaves are simulated.'] : []),
      ...lines,
    ]);
    return rows.every(({ error }) => error === null) ? EXIT.done : EXIT.failed;
  },
);

const TITLES = ['wallet', 'address', 'phase', 'policy', 'lease ends', 'left of the lease', 'witness'];

interface Row {
  readonly wallet: string;
  readonly agent: string;
  readonly phase: string;
  readonly policyVersion: number;
  readonly policyHash: string;
  readonly leaseEndsAt: number;
  readonly left: Readonly<Record<string, bigint>>;
  readonly leftText: string;
  readonly witness: string;
  readonly error: string | null;
}

function toCells(row: Row): string[] {
  const { wallet, agent, phase, policyVersion, leaseEndsAt, leftText, witness, error } = row;
  if (error !== null) return [wallet, agent, `not trusted: ${error}`, '', '', '', witness];
  return [wallet, agent, phase, `v${policyVersion}`, formatTime(leaseEndsAt), leftText, witness];
}

/** Null when the witness cannot be read: the status of the wallets is worth showing all the same. */
async function readWitness(session: Session): Promise<Map<string, WitnessSummary> | string> {
  try {
    const summaries = await (await session.keeper()).read();
    return new Map(summaries.map((summary) => [summary.wallet, summary]));
  } catch (error) {
    return readFailure(error).code;
  }
}

async function readRows(
  session: Session,
  wallets: readonly string[],
  witness: Map<string, WitnessSummary> | string,
): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const group of attestGroups(await session.admin(), session.profile, wallets)) {
    rows.push(...group.map((attested) => makeRow(session, attested, witness)));
  }
  return rows;
}

function makeRow({ profile }: Session, attested: Attested, witness: Map<string, WitnessSummary> | string): Row {
  const { wallet } = attested;
  const note = describeWitness(witness, wallet);
  const pins = readPins(profile, wallet);
  const empty = { wallet, agent: toAddress(pins.agent), phase: '', policyVersion: 0, policyHash: '', leaseEndsAt: 0 };
  try {
    if ('error' in attested) throw attested.error;
    const { statement } = attested;
    checkPins(statement, pins);
    const left = leftOfLease(statement, Number(statement.time));
    const kept = readKeptPolicy(profile, wallet).policy;
    return {
      ...empty,
      phase: statement.phase,
      policyVersion: statement.policyVersion,
      policyHash: toHex(statement.policyHash),
      leaseEndsAt: Number(statement.until),
      left,
      leftText: showAmounts(kept, left),
      witness: kept.hash === toHex(statement.policyHash) ? note : `${note}, policy differs from the owner’s copy`,
      error: null,
    };
  } catch (error) {
    return { ...empty, left: {}, leftText: '', witness: note, error: readFailure(error).code };
  }
}

function describeWitness(witness: Map<string, WitnessSummary> | string, wallet: string): string {
  if (typeof witness === 'string') return witness;
  const summary = witness.get(wallet);
  if (summary === undefined) return 'unknown';
  const state = summary.halted ? 'halted' : summary.paused ? 'paused' : 'leases';
  return `${state}, lease ${summary.lastNumber} until ${formatTime(summary.until)}`;
}
