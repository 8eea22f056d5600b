/**
 * The policy document: one TypeBox source for the JSON Schema that is published and for the static types. Every object is closed
 * and may carry a `$comment`. Amounts are decimal strings of lamports or base units. What one field alone cannot say (that a
 * group names an asset of the policy, that an approval limit can be reached) is checked in `compile.ts`.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { CallableProgram } from './callable.ts';
import { callable } from './callable.ts';
import { durableNonce, effects, lookupTables, messages, vaults } from './document-allowances.ts';
import {
  ADDRESS_PATTERN,
  address,
  amount,
  closed,
  comment,
  listOf,
  moment,
  name,
  named,
  oneOf,
} from './document-blocks.ts';
import type { CalledProgramDocument } from './document-calls.ts';
import { calledProgram } from './document-calls.ts';
import {
  ASSETS_MAX,
  CALLED_PROGRAMS_MAX,
  COOLDOWN_SECONDS_MAX,
  GROUPS_MAX,
  LEASE_SECONDS_MAX,
  LEASE_SECONDS_MIN,
  MEMO_BYTES_MAX,
  OWNERS_MAX,
  PENDING_MAX,
  ROLE_KEYS_MAX,
  TTL_SECONDS_MAX,
  WINDOW_SECONDS_MAX,
  WINDOW_SECONDS_MIN,
  WINDOWS_MAX,
} from './limits.ts';
import { mintExtensions } from './programs/token-size.ts';

/** SOL and `signatures` are assets of their own shape. */
const MINT_NAME_PATTERN = '^(?!(SOL|signatures)$)[A-Za-z0-9][A-Za-z0-9._-]{0,31}$';

const window = closed({
  seconds: Type.Integer({ minimum: WINDOW_SECONDS_MIN, maximum: WINDOW_SECONDS_MAX }),
  max: amount(),
});
const windows = () => Type.Array(window, { minItems: 1, maxItems: WINDOWS_MAX });
const limits = { perTransaction: Type.Optional(amount()), windows: windows(), approvalAbove: Type.Optional(amount()) };

const mintAsset = closed({
  mint: address(),
  tokenProgram: oneOf('token', 'token-2022'),
  decimals: Type.Integer({ minimum: 0, maximum: 255 }),
  extensions: Type.Optional(listOf(oneOf(...mintExtensions), 32)),
  ...limits,
});

const groupLimits = closed({
  perTransaction: Type.Optional(amount()),
  windows: Type.Optional(windows()),
  per: Type.Optional(oneOf('recipient')),
});

const group = closed({
  name: name(),
  owners: Type.Union([
    Type.Literal('any'),
    Type.Array(address(), { minItems: 1, maxItems: OWNERS_MAX, uniqueItems: true }),
  ]),
  assets: Type.Optional(named(groupLimits)),
  approval: Type.Optional(Type.Literal(true)),
});

const calls = <Name extends string>(names: readonly Name[]) => Type.Optional(listOf(oneOf(...names), names.length));
const programs = Type.Unsafe<
  {
    readonly [Program in CallableProgram]?: readonly string[];
  } & { readonly [address: string]: readonly string[] | CalledProgramDocument }
>({
  ...named(calledProgram, ADDRESS_PATTERN, {}, CALLED_PROGRAMS_MAX),
  properties: {
    ...comment,
    ...Object.fromEntries(Object.entries(callable).map(([program, names]) => [program, calls(names)])),
  },
});

const hour = () => Type.Integer({ minimum: 0, maximum: 24 });
const schedule = closed({
  hours: Type.Optional(
    Type.Array(hour(), { minItems: 2, maxItems: 2, description: 'UTC, [start, end), may wrap midnight' }),
  ),
  days: Type.Optional(
    Type.Array(oneOf('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'), { minItems: 1, maxItems: 7, uniqueItems: true }),
  ),
  notBefore: Type.Optional(moment()),
  notAfter: Type.Optional(moment()),
  cooldownSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: COOLDOWN_SECONDS_MAX })),
});

const lifts = listOf(oneOf('approvalAbove', 'perTransaction', 'window', 'recipient', 'program'), 5);
const approvals = closed({
  lifts: Type.Optional(lifts),
  programs: Type.Optional(
    listOf(
      Type.String({
        pattern: `^(${[...Object.keys(callable), 'squads', 'memo'].join('|')}|${ADDRESS_PATTERN.slice(1, -1)})$`,
      }),
      CALLED_PROGRAMS_MAX,
    ),
  ),
  assets: Type.Optional(listOf(name(), ASSETS_MAX)),
  ttlSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: TTL_SECONDS_MAX })),
  maxPending: Type.Optional(Type.Integer({ minimum: 1, maximum: PENDING_MAX })),
});

const roleKeys = () => Type.Optional(listOf(address(), ROLE_KEYS_MAX));

const solAsset = closed(limits);
const signaturesAsset = closed({ windows: windows() });

/** TypeScript cannot say "SOL is one shape, every other name another" for an open record: lookups by name give the wider type. */
export type MintAsset = Static<typeof mintAsset>;
export type SolAsset = Static<typeof solAsset>;
export type SignaturesAsset = Static<typeof signaturesAsset>;
export type GroupDocument = Static<typeof group>;
export type GroupLimits = Static<typeof groupLimits>;
export type WindowLimit = Static<typeof window>;

export const policyDocument = Type.Object(
  {
    ...comment,
    $schema: Type.Optional(Type.String()),
    format: Type.Literal('reeve/policy/v1'),
    assets: named(mintAsset, MINT_NAME_PATTERN, {
      SOL: Type.Optional(solAsset),
      signatures: Type.Optional(signaturesAsset),
    }),
    recipients: Type.Array(group, { maxItems: GROUPS_MAX }),
    programs,
    memo: Type.Optional(
      Type.Union([Type.Literal('deny'), closed({ maxBytes: Type.Integer({ minimum: 1, maximum: MEMO_BYTES_MAX }) })]),
    ),
    fees: closed({ perTransaction: amount(), rentPerTransaction: amount(), rentPerByte: amount() }),
    effects: Type.Optional(effects),
    lookupTables: Type.Optional(lookupTables),
    durableNonce: Type.Optional(durableNonce),
    vaults: Type.Optional(vaults),
    messages: Type.Optional(messages),
    schedule: Type.Optional(schedule),
    approvals: Type.Optional(approvals),
    keys: Type.Optional(closed({ renew: roleKeys(), pause: roleKeys(), approve: roleKeys() })),
    lease: closed({
      maxSeconds: Type.Integer({ minimum: LEASE_SECONDS_MIN, maximum: LEASE_SECONDS_MAX }),
      slice: Type.Optional(named(amount())),
    }),
  },
  { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Reeve policy', additionalProperties: false },
);
export type PolicyDocument = Static<typeof policyDocument>;
