/** The keeper of a renewer that runs elsewhere, over its socket. The renewer is the owner's: its answers are believed, but for their form. */

import { Ajv } from 'ajv';
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { ReeveError } from '../../enclave/link/errors.ts';
import { Counter, Decimal, Fields, WalletName } from '../../enclave/link/schema/blocks.ts';
import { toBase64 } from '../cli/fields.ts';
import { requestJson } from '../cli/http.ts';
import { openRemote, parseRemote } from '../cli/remote.ts';
import type { Keeper, RenewOutcome, WitnessSummary } from './keeper.ts';
import { LeaseJson, leaseFromJson } from './wire.ts';

/** Where a renewer serves on its host unless told otherwise. */
export const RENEWER_SOCKET = '/run/reeve-renewer/renewer.sock';
/** A pass over many wallets waits for attestations and KMS, milliseconds. */
const PASS_TIMEOUT_MS = 120_000;

const Text = () => Type.String({ maxLength: 2048 });
const Time = () => Type.Integer({ minimum: 0 });
const Hex32 = () => Type.String({ pattern: '^[0-9a-f]{64}$' });
const Nothing = Fields({});
const ExposureJson = Fields({
  until: Time(),
  amounts: Type.Record(Type.String({ pattern: '^[A-Za-z0-9]{1,64}$' }), Decimal(), { additionalProperties: false }),
});
const PolicyAnswer = Fields({
  lease: Type.Union([LeaseJson, Type.Null()]),
  alarm: Type.Union([Text(), Type.Null()]),
});
const Outcomes = Fields({
  outcomes: Type.Array(
    Fields({
      wallet: WalletName(),
      result: Type.Union((['leased', 'holds', 'idle', 'alarm', 'failed'] as const).map((word) => Type.Literal(word))),
      code: Type.Optional(Text()),
      detail: Type.Optional(Text()),
      number: Type.Optional(Counter()),
      until: Type.Optional(Time()),
    }),
  ),
});
const Summaries = Fields({
  wallets: Type.Array(
    Fields({
      wallet: WalletName(),
      policyHash: Hex32(),
      paused: Type.Boolean(),
      lastNumber: Counter(),
      until: Time(),
      halted: Type.Boolean(),
      head: Type.Union([Fields({ seq: Counter(), hash: Hex32() }), Type.Null()]),
    }),
  ),
});

const ajv = new Ajv({ strict: true, ownProperties: true });

/** Connects to `unix:PATH` or `ssh:USER@HOST[:PATH]`. */
export async function openRemoteKeeper(
  address: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Keeper> {
  const socket = await openRemote(parseRemote(address, RENEWER_SOCKET), 'renewer-unreachable', env);
  async function call<Schema extends TSchema>(name: string, body: object, schema: Schema): Promise<Static<Schema>> {
    const answer = await requestJson({
      socketPath: socket.path,
      method: 'POST',
      path: `/v1/${name}`,
      body,
      unreachable: 'renewer-unreachable',
      timeoutMs: PASS_TIMEOUT_MS,
    });
    if (!ajv.validate(schema, answer)) throw new ReeveError('admin-answer', { what: `renewer: ${name}` });
    return answer as Static<Schema>;
  }
  return {
    async enroll(pins, policy, created) {
      await call('enroll', { pins, policy: toBase64(policy), created }, Nothing);
    },
    async repin(wallet, { envelope, body }) {
      await call('repin', { wallet, envelope: envelope.map(toBase64), body: toBase64(body) }, Nothing);
    },
    async pause(wallet) {
      const { until, amounts } = await call('pause', { wallet }, ExposureJson);
      const entries = Object.entries(amounts as Record<string, string>);
      return { until, amounts: Object.fromEntries(entries.map(([asset, amount]) => [asset, BigInt(amount)])) };
    },
    resume: async (wallet) => void (await call('resume', { wallet }, Nothing)),
    approve: async (wallet, note) => void (await call('approve', { wallet, ...note }, Nothing)),
    async replacePolicy(wallet, policy) {
      const { lease, alarm } = await call('policy', { wallet, policy: toBase64(policy) }, PolicyAnswer);
      return { lease: lease === null ? null : leaseFromJson(lease), alarm };
    },
    async renew(wallets, { recoverLost = false } = {}) {
      return (await call('renew', { wallets, recoverLost }, Outcomes)).outcomes as RenewOutcome[];
    },
    read: async () => (await call('read', {}, Summaries)).wallets as WitnessSummary[],
    close: () => socket.close(),
  };
}
