/**
 * From messages to what they do to our accounts: the agent's key, the declared vaults, and their associated token accounts for every pinned
 * mint and wrapped SOL. All amounts come from the message alone; nothing the host says is used. What is not fully decoded is a refusal,
 * never a missing effect.
 */

import { readAssociatedToken } from './effects/associated-token.ts';
import type { EffectContext, Outcome, Place, Reading } from './effects/context.ts';
import { refuseAt } from './effects/context.ts';
import { readFee } from './effects/fees.ts';
import { ownershipOf } from './effects/ownership.ts';
import type { SquadsCall } from './effects/squads.ts';
import { readSquads } from './effects/squads.ts';
import { readStake } from './effects/stake.ts';
import { readSystem } from './effects/system.ts';
import { readToken } from './effects/token.ts';
import type { Instruction, InstructionList } from './instructions.ts';
import { decodeInstructions } from './instructions.ts';
import { pubkeyToBase58 } from './keys.ts';
import { resolveKeys } from './lookups.ts';
import type { Message, Refusal } from './message.ts';
import { findSigner, refuse } from './message.ts';
import type { LoaderInstruction } from './programs/loader.ts';
import type { CalledInstruction, Effect, Pubkey, Result } from './types.ts';

export type { EffectContext, MintFacts, VaultFacts } from './effects/context.ts';
export { deriveOwnAccounts, ownershipOf } from './effects/ownership.ts';
export type { CalledInstruction } from './types.ts';

export interface EffectReport {
  readonly effects: readonly Effect[];
  /** Empty, or the transactions must not be signed whatever the policy says. */
  readonly refusals: readonly Refusal[];
  /** Every decoded instruction; those of a token batch behind the batch, at the same place. */
  readonly programs: readonly CalledInstruction[];
}

/**
 * Reads every effect of messages that `decodeMessage` accepted and that are to be signed together. Moves between our own accounts are
 * no effect; nor is what others do with their own in the same transaction.
 */
export function readEffects(transactions: readonly Message[], context: EffectContext): EffectReport {
  const ownership = ownershipOf(context);
  return joinReports(
    transactions.map((message, transaction) => {
      const path = `transactions[${transaction}]`;
      return readTransaction(message, { context, signer: context.agent, path, ...ownership }, transaction);
    }),
  );
}

function joinReports(reports: readonly EffectReport[]): EffectReport {
  return {
    effects: reports.flatMap(({ effects }) => effects),
    refusals: reports.flatMap(({ refusals }) => refusals),
    programs: reports.flatMap(({ programs }) => programs),
  };
}

function readTransaction(message: Message, reading: Reading, transaction: number): EffectReport {
  const { context, path } = reading;
  const signs = findSigner(message, context.agent) >= 0;
  const unsigned = signs ? [] : [refuse('not-our-signature', 'the agent is not a required signer', path)];
  const keys = resolveKeys(message, context.tables);
  if (!keys.ok) return { effects: [], refusals: [...unsigned, { ...keys.refusal, path }], programs: [] };
  const decoded = decodeAll(message, reading, keys.value);
  const fees = message.keys[0] === context.agent ? [readFee(message, decoded, transaction)] : [];
  const report = readDecoded(decoded, reading, transaction);
  return joinReports([{ effects: fees, refusals: unsigned, programs: [] }, report]);
}

function decodeAll(message: InstructionList, { context, path }: Reading, keys: readonly Pubkey[]) {
  return decodeInstructions(message, {
    path,
    keys,
    ...(context.opaque === undefined ? {} : { opaque: context.opaque }),
  });
}

/** What a proposal would do: the vault signs, and whoever executes it pays the fee. */
function readInner(message: InstructionList, reading: Reading, transaction: number): EffectReport {
  return readDecoded(decodeAll(message, reading, message.keys), reading, transaction);
}

function readDecoded(
  decoded: readonly Result<Instruction, Refusal>[],
  reading: Reading,
  transaction: number,
): EffectReport {
  const outcomes: Outcome[] = [];
  const programs: CalledInstruction[] = [];
  const squads: SquadsCall[] = [];
  for (const [instruction, result] of decoded.entries()) {
    if (!result.ok) {
      outcomes.push(result.refusal);
      continue;
    }
    const place = { transaction, instruction };
    programs.push(...nameCalls(result.value, place));
    if (result.value.program === 'squads') squads.push({ call: result.value, place });
    else outcomes.push(...readInstruction(result.value, reading, place));
  }
  outcomes.push(...readSquads(squads, reading, readInner));
  return {
    effects: outcomes.filter((outcome) => 'kind' in outcome),
    refusals: outcomes.filter((outcome) => 'code' in outcome),
    programs,
  };
}

function nameCalls(call: Instruction, place: Place): CalledInstruction[] {
  const inner = call.name === 'batch' ? call.calls : [];
  return [call, ...inner].map(({ program, name }) => ({ program, name, ...place }));
}

function readInstruction(
  call: Exclude<Instruction, { readonly program: 'squads' }>,
  reading: Reading,
  place: Place,
): Outcome[] {
  switch (call.program) {
    case 'system':
      return readSystem(call, reading, place);
    case 'token':
    case 'token-2022':
      return readToken(call, reading, place);
    case 'associated-token':
      return readAssociatedToken(call, reading, place);
    case 'stake':
      return readStake(call, reading, place);
    case 'loader':
      return readUpgrade(call, reading, place);
    case 'memo':
      return [{ kind: 'memo', ...place, bytes: call.bytes }];
    case 'opaque': {
      const { address: program, accounts, data } = call;
      return [{ kind: 'opaqueCall', ...place, program, accounts, data, signs: accounts.includes(reading.signer) }];
    }
    case 'compute-budget':
    case 'ed25519':
    case 'secp256k1':
    case 'secp256r1':
      return [];
  }
}

/** Refused whoever may do it; shown where it is by our right. */
function readUpgrade({ upgraded, buffer, authority }: LoaderInstruction, reading: Reading, place: Place): Outcome[] {
  const refusal = refuseAt(reading, place, 'always-refused', `loader.upgrade of ${pubkeyToBase58(upgraded)}`);
  if (!reading.isOwner(authority)) return [refusal];
  return [refusal, { kind: 'programUpgrade', ...place, upgraded, buffer }];
}
