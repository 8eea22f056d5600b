/** Every schema by name: what `isValid` takes, what the build compiles ahead, what a test counts. */

import type { Static, TSchema } from 'typebox';
import { AGENT_METHODS } from './agent.ts';
import { BatchCommitment, BatchedCommand } from './batch.ts';
import { COMMANDS, CommandPayload, Envelope } from './command.ts';
import { ReplyFrame, RequestFrame } from './frame.ts';
import { WireLease } from './lease.ts';
import { OWNER_METHODS } from './owner.ts';
import { Head, RECEIPT_BODIES, ReceiptFrame } from './receipt.ts';
import { Seal } from './seal.ts';
import { WireStatement } from './statement.ts';

const PLAIN = {
  BatchCommitment,
  BatchedCommand,
  CommandPayload,
  Envelope,
  Head,
  ReceiptFrame,
  ReplyFrame,
  RequestFrame,
  Seal,
  WireLease,
  WireStatement,
} as const;

export const PLANES = { agent: AGENT_METHODS, owner: OWNER_METHODS } as const;
export type Plane = keyof typeof PLANES;
export type MethodName<P extends Plane> = keyof (typeof PLANES)[P] & string;
export type Params<P extends Plane, M extends MethodName<P>> = Static<MethodOf<P, M>['params']>;
export type Outcome<P extends Plane, M extends MethodName<P>> = Static<MethodOf<P, M>['result']>;
type MethodOf<P extends Plane, M extends MethodName<P>> = (typeof PLANES)[P][M] extends infer Entry extends {
  params: TSchema;
  result: TSchema;
}
  ? Entry
  : never;

type Commands = { [Name in keyof typeof COMMANDS as `command/${Name}`]: (typeof COMMANDS)[Name]['body'] };
type Receipts = { [Kind in keyof typeof RECEIPT_BODIES as `receipt/${Kind}`]: (typeof RECEIPT_BODIES)[Kind] };
type Named = typeof PLAIN & Commands & Receipts;

export type SchemaName = keyof Named | `${Plane}/${string}/${'params' | 'result'}`;
export type SchemaType<Name extends SchemaName> = Name extends keyof Named
  ? Static<Named[Name]>
  : Record<string, unknown>;

/** All schemas, flat. */
export function listSchemas(): ReadonlyMap<string, TSchema> {
  const all = new Map<string, TSchema>(Object.entries(PLAIN));
  for (const [name, { body }] of Object.entries(COMMANDS)) all.set(`command/${name}`, body);
  for (const [kind, body] of Object.entries(RECEIPT_BODIES)) all.set(`receipt/${kind}`, body);
  for (const [plane, methods] of Object.entries(PLANES)) {
    for (const [method, { params, result }] of Object.entries(methods)) {
      all.set(`${plane}/${method}/params`, params).set(`${plane}/${method}/result`, result);
    }
  }
  return all;
}
