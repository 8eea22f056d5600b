/** Signing, dry runs and messages. The enclave decides; here is only the form. */

import { Type } from 'typebox';
import { ReeveError } from '../../enclave/link/errors.ts';
import { OWNERS_PER_CALL, TRANSACTION_BYTES, TRANSACTIONS_PER_CALL } from '../../enclave/link/limits.ts';
import { SignIn } from '../../enclave/link/schema/agent.ts';
import { Address, Fields } from '../../enclave/link/schema/blocks.ts';
import { encodeBase58 } from '../transactions/base58.ts';
import { attachSignature } from '../transactions/wire.ts';
import { readAgentKey } from './agent-key.ts';
import type { SignOutcome } from './json.ts';
import { approvalJson, budgetJson, readAddress, readBase64, receiptJson, toBase64, toHex } from './json.ts';
import type { Answer } from './route.ts';
import { defineRoute, done, refuse } from './route.ts';

/** Bytes of a message the enclave looks at. */
const MESSAGE_BYTES = 8192;

const Base64 = (maxBytes: number) =>
  Type.String({ minLength: 4, maxLength: Math.ceil(maxBytes / 3) * 4, pattern: '^[A-Za-z0-9+/]+={0,2}$' });

export const RequestId = () => Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$' });

const Transactions = {
  transaction: Type.Optional(Base64(TRANSACTION_BYTES)),
  transactions: Type.Optional(Type.Array(Base64(TRANSACTION_BYTES), { minItems: 1, maxItems: TRANSACTIONS_PER_CALL })),
  owners: Type.Optional(Type.Array(Address(), { maxItems: OWNERS_PER_CALL })),
};
const SignBody = Fields({ id: Type.Optional(RequestId()), ...Transactions });
const EvaluateBody = Fields(Transactions);
const MessageBody = Fields({
  message: Type.Optional(Base64(MESSAGE_BYTES)),
  signIn: Type.Optional(SignIn),
});

interface Asked {
  readonly transaction?: string;
  readonly transactions?: string[];
  readonly owners?: string[];
}

/** One transaction or a list, never both: the answer has the same shape. */
function readTransactions(body: Asked): { transactions: Uint8Array[]; owners: Uint8Array[] } {
  const { transaction, transactions, owners = [] } = body;
  if ((transaction === undefined) === (transactions === undefined))
    throw new ReeveError('body-invalid', { path: 'body', problem: 'needs transaction or transactions, not both' });
  const texts = transactions ?? [transaction as string];
  const place = (index: number) => (transactions === undefined ? 'body/transaction' : `body/transactions/${index}`);
  return {
    transactions: texts.map((text, index) => readBase64(text, place(index), TRANSACTION_BYTES)),
    owners: owners.map((owner, index) => readAddress(owner, `body/owners/${index}`)),
  };
}

export const signRoute = defineRoute({
  method: 'POST',
  url: '/v1/sign',
  summary: 'Sign a transaction, or several that are judged together.',
  body: SignBody,
  async handle({ services, wallet, body }) {
    const asked = readTransactions(body);
    const id = body.id === undefined ? {} : { id: body.id };
    const result = await services.enclave.askWallet('sign', wallet.name, { ...id, ...asked });
    if (result.outcome !== 'signed') return answerUnsigned(result);
    const key = await readAgentKey(wallet);
    const signed = asked.transactions.map((wire, index) =>
      toBase64(attachSignature(wire, key, result.signatures[index] as Uint8Array)),
    );
    const signatures = result.signatures.map(encodeBase58);
    const hashes = result.messageHashes.map(toHex);
    const single = body.transaction !== undefined;
    return done({
      ...(single
        ? { signature: signatures[0], transaction: signed[0], messageHash: hashes[0] }
        : { signatures, transactions: signed, messageHashes: hashes }),
      charges: result.charges,
      budget: budgetJson(result.budget),
      receipt: receiptJson(result.receipt),
      repeated: result.repeated,
    });
  },
});

/** 403 with violations, 202 with the approval to wait for, or 409 with what the id was first used for. */
export function answerUnsigned(result: Exclude<SignOutcome, { outcome: 'signed' }>): Answer {
  switch (result.outcome) {
    case 'refused': {
      const waits = result.violations.flatMap(({ retryAfter }) => retryAfter ?? []);
      const codes = [...new Set(result.violations.map(({ code }) => code))].join(' ');
      const retryAfter = waits.length === 0 ? undefined : Math.max(...waits);
      return refuse('policy-refused', { codes }, { violations: result.violations }, retryAfter);
    }
    case 'needs-approval':
      return done({ approval: approvalJson(result.approval), violations: result.violations }, 202);
    case 'id-reused': {
      const signatures = result.signatures.map(encodeBase58);
      return refuse('id-reused', {}, { signatures, messageHashes: result.messageHashes.map(toHex) });
    }
  }
}

export const evaluateRoute = defineRoute({
  method: 'POST',
  url: '/v1/evaluate',
  summary: 'What the policy would say. Signs nothing, charges nothing.',
  body: EvaluateBody,
  async handle({ services, wallet, body }) {
    const result = await services.enclave.askWallet('evaluate', wallet.name, readTransactions(body));
    return done({ ...result, effectsHash: toHex(result.effectsHash) });
  },
});

export const messageRoute = defineRoute({
  method: 'POST',
  url: '/v1/messages',
  summary:
    'Sign an off-chain message in its wrapped form, or a sign-in text that the enclave builds from fields, where the policy allows it.',
  body: MessageBody,
  async handle({ services, wallet, body }) {
    if ((body.message === undefined) === (body.signIn === undefined))
      throw new ReeveError('body-invalid', { path: 'body', problem: 'needs message or signIn, not both' });
    const asked =
      body.signIn === undefined
        ? { message: readBase64(body.message ?? '', 'body/message', MESSAGE_BYTES) }
        : { signIn: body.signIn };
    const result = await services.enclave.askWallet('message.sign', wallet.name, asked);
    if (result.outcome === 'refused') return answerUnsigned(result);
    const { charges, repeated } = result;
    return done({
      signature: encodeBase58(result.signature),
      message: toBase64(result.message),
      charges,
      budget: budgetJson(result.budget),
      receipt: receiptJson(result.receipt),
      repeated,
    });
  },
});
