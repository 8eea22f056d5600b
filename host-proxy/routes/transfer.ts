/** `POST /v1/transfer`, once per id, and what became of it. */

import { Type } from 'typebox';
import { ReeveError } from '../../enclave/link/errors.ts';
import { Address, Decimal, Fields } from '../../enclave/link/schema/blocks.ts';
import type { SignedTransfer, Transfer } from '../transfer/records.ts';
import { defineRoute, done } from './route.ts';
import { answerUnsigned, RequestId } from './sign.ts';

/** Longest wait for an end, seconds. */
const WAIT_SECONDS = 90;
/** Bytes of a memo. */
const MEMO_BYTES = 566;
const U64_MAX = 2n ** 64n - 1n;

const TransferBody = Fields({
  id: RequestId(),
  to: Address(),
  asset: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,43}$' }),
  amount: Decimal(),
  from: Type.Optional(Address()),
  memo: Type.Optional(Type.String({ minLength: 1, maxLength: MEMO_BYTES })),
  wait: Type.Optional(Type.Integer({ minimum: 0, maximum: WAIT_SECONDS })),
});

export const transferRoute = defineRoute({
  method: 'POST',
  url: '/v1/transfer',
  summary:
    'Pay SOL or a mint of the policy, from the wallet or a vault, once per id; asked again it tells what became of it.',
  body: TransferBody,
  async handle({ services, wallet, body, gone }) {
    const { wait = 0, ...request } = body;
    if (BigInt(request.amount) > U64_MAX)
      throw new ReeveError('body-invalid', { path: 'body/amount', problem: 'is over 2^64 - 1' });
    if (Buffer.byteLength(request.memo ?? '') > MEMO_BYTES)
      throw new ReeveError('body-invalid', { path: 'body/memo', problem: `is over ${MEMO_BYTES} bytes` });
    const outcome = await services.transfers.pay(wallet, request, wait * 1000, gone);
    if (outcome.kind === 'unsigned') return answerUnsigned(outcome.result);
    return done({ ...describeTransfer(outcome.transfer), repeated: outcome.repeated });
  },
});

export const transferReadRoute = defineRoute({
  method: 'GET',
  url: '/v1/transfers/:id',
  summary: 'What became of a transfer.',
  params: Fields({ id: RequestId() }),
  async handle({ services, wallet, params }) {
    const transfer = await services.transfers.read(wallet, params.id);
    if (transfer === null || transfer.status === 'built') throw new ReeveError('transfer-unknown', { id: params.id });
    return done(describeTransfer(transfer));
  },
});

function describeTransfer(transfer: SignedTransfer & Transfer): object {
  const { request, signed, status, slot, problem, proposal } = transfer;
  return {
    ...request,
    status,
    ...signed,
    ...(slot !== undefined && { slot }),
    ...(proposal !== undefined && { proposal }),
    ...(problem !== undefined && { problem }),
  };
}
