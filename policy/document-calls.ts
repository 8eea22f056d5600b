/**
 * The schema of calls to programs that this engine does not decode. The policy says itself what a call looks like: how its data begins, what
 * numbers stand where, which accounts it is given and what it costs. What it does with our signature is that program's affair.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { ADDRESS_PATTERN, address, amount, closed, listOf, name, oneOf } from './document-blocks.ts';
import { CALL_ACCOUNTS_MAX, CALL_CHARGES_MAX, CALL_FIELDS_MAX, CALLS_MAX, MESSAGE_BYTES_MAX } from './limits.ts';

/** `agent`, `vault` (any declared one), `ownToken(ASSET)` (ours for that mint), `notOurs`, or exactly one address. */
const ACCOUNT_PATTERN = `^(agent|vault|notOurs|ownToken\\([A-Za-z0-9][A-Za-z0-9._-]{0,31}\\)|${ADDRESS_PATTERN.slice(1, -1)})$`;

const integer = () => Type.String({ pattern: '^(0|-?[1-9][0-9]{0,19})$', description: 'a whole number, decimal' });

const field = closed({
  name: name(),
  offset: Type.Integer({
    minimum: -MESSAGE_BYTES_MAX,
    maximum: MESSAGE_BYTES_MAX,
    description: 'bytes from the start of the data, discriminator included; negative: from its end',
  }),
  type: oneOf('u8', 'u16', 'u32', 'u64', 'i64', 'pubkey'),
  min: Type.Optional(integer()),
  max: Type.Optional(integer()),
  oneOf: Type.Optional(listOf(address(), CALL_FIELDS_MAX, 1)),
});

const account = closed({
  index: Type.Integer({ minimum: 0, maximum: 255 }),
  is: Type.String({
    pattern: ACCOUNT_PATTERN,
    description: 'agent, vault, ownToken(ASSET), notOurs, or an address',
  }),
});

const charge = Type.Union([closed({ asset: name(), field: name() }), closed({ asset: name(), amount: amount() })]);

const call = closed({
  name: name(),
  discriminator: Type.String({ pattern: '^([0-9a-f]{2}){1,32}$', description: 'how the data begins, hex' }),
  bytes: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MESSAGE_BYTES_MAX, description: 'the exact length of the data' }),
  ),
  fields: Type.Optional(Type.Array(field, { maxItems: CALL_FIELDS_MAX })),
  accounts: Type.Array(account, { maxItems: CALL_ACCOUNTS_MAX }),
  others: Type.Literal('notOurs'),
  charges: Type.Array(charge, { maxItems: CALL_CHARGES_MAX }),
});

export const calledProgram = closed({ calls: Type.Array(call, { minItems: 1, maxItems: CALLS_MAX }) });

export type CallDocument = Static<typeof call>;
export type CallFieldDocument = Static<typeof field>;
export type CallChargeDocument = Static<typeof charge>;
export type CalledProgramDocument = Static<typeof calledProgram>;
