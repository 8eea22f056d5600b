/** One wallet's witness as a JSON file: amounts as decimal strings, times in milliseconds, nothing optional. What does not fit is not used. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { AssetKey, Counter, Decimal, Fields, WalletName } from '../../enclave/link/schema/blocks.ts';
import type { Amounts, UnseenCharge } from '../../policy/lease.ts';
import type { AssetId, Hash, Millis } from '../../policy/types.ts';
import type { IssuedApproval, LeasedBoot, Witness } from '../../policy/witness.ts';
import { readJsonFile } from '../cli/files.ts';
import type { Pins } from '../owner/attest.ts';
import { PinsFile, pinsFromJson, pinsToJson } from '../owner/copy.ts';

/** The witness of a wallet and what the renewer keeps beside it. */
export interface WitnessRecord {
  readonly pins: Pins;
  readonly witness: Witness;
  /** The newest head a verified statement showed. */
  readonly head: { readonly seq: number; readonly hash: string } | null;
  /** Boot that stated less than before: it never gets a lease again. */
  readonly halted: Hash | null;
  /** Ids of approvals that may still be used, to find them in the receipts. */
  readonly approvalIds: readonly { readonly effectsHash: Hash; readonly boot: Hash; readonly approvalId: string }[];
}

const Sha256 = () => Type.String({ pattern: '^[0-9a-f]{64}$' });
const Time = () => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const AmountsFile = () =>
  Type.Record(Type.String({ pattern: '^(SOL|signatures|[0-9a-f]{64})$' }), Decimal(), { additionalProperties: false });
const Charge = Fields({ asset: AssetKey(), amount: Decimal(), until: Time() });
const Boot = Fields({
  boot: Sha256(),
  firstNumber: Counter(),
  lastNumber: Counter(),
  maxCeiling: AmountsFile(),
  until: Time(),
  charges: Type.Array(Charge),
});
const Approval = Fields({
  effectsHash: Sha256(),
  boot: Sha256(),
  until: Time(),
  seen: Type.Union([Type.Literal('no'), Type.Literal('used'), Type.Literal('closed')]),
});
const WitnessFile = Fields({
  format: Type.Literal('reeve/witness/v1'),
  pins: PinsFile,
  head: Type.Union([Fields({ seq: Counter(), hash: Sha256() }), Type.Null()]),
  halted: Type.Union([Sha256(), Type.Null()]),
  approvalIds: Type.Array(
    Fields({ effectsHash: Sha256(), boot: Sha256(), approvalId: Type.String({ maxLength: 32 }) }),
  ),
  witness: Fields({
    wallet: WalletName(),
    policyHash: Sha256(),
    paused: Type.Boolean(),
    lastNumber: Counter(),
    reach: Counter(),
    boots: Type.Array(Boot),
    lastStatement: Type.Union([Fields({ lastLease: Counter(), spentInBoot: AmountsFile() }), Type.Null()]),
    approvals: Type.Array(Approval),
  }),
});
type WitnessJson = Static<typeof WitnessFile>['witness'];

/** Reads a witness or throws `witness-invalid` with file and field: leases stop rather than start from a guess. */
export function readWitnessFile(path: string): WitnessRecord {
  const file = readJsonFile(path, WitnessFile, 'witness-invalid');
  return {
    pins: pinsFromJson(file.pins),
    head: file.head,
    halted: file.halted as Hash | null,
    approvalIds: file.approvalIds as unknown as WitnessRecord['approvalIds'],
    witness: witnessFromJson(file.witness),
  };
}

/** The file's text for a record. */
export function writeWitnessText({ pins, witness, head, halted, approvalIds }: WitnessRecord): string {
  const file = {
    format: 'reeve/witness/v1',
    pins: pinsToJson(pins),
    head,
    halted,
    approvalIds,
    witness,
  };
  const text = JSON.stringify(
    file,
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    1,
  );
  return `${text}\n`;
}

function witnessFromJson(json: WitnessJson): Witness {
  return {
    wallet: json.wallet,
    policyHash: json.policyHash as Hash,
    paused: json.paused,
    lastNumber: json.lastNumber,
    reach: json.reach,
    boots: json.boots.map(bootFromJson),
    lastStatement:
      json.lastStatement === null
        ? null
        : { lastLease: json.lastStatement.lastLease, spentInBoot: amountsFromJson(json.lastStatement.spentInBoot) },
    approvals: json.approvals as unknown as IssuedApproval[],
  };
}

function bootFromJson({ boot, maxCeiling, until, charges, ...numbers }: WitnessJson['boots'][number]): LeasedBoot {
  return {
    ...numbers,
    boot: boot as Hash,
    maxCeiling: amountsFromJson(maxCeiling),
    until: until as Millis,
    charges: charges.map(
      (charge): UnseenCharge => ({
        asset: charge.asset as AssetId,
        amount: BigInt(charge.amount),
        until: charge.until as Millis,
      }),
    ),
  };
}

function amountsFromJson(amounts: Readonly<Record<string, string>>): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([asset, amount]) => [asset, BigInt(amount)]));
}
