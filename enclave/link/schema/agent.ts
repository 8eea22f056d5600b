/** The agent plane: what an agent's socket can reach. No owner method is in this table, and a frame that names one closes the connection. */

import { Type } from 'typebox';
import { OWNERS_PER_CALL, TRANSACTION_BYTES, TRANSACTIONS_PER_CALL } from '../limits.ts';
import { Bytes, Bytes32, Bytes64, Counter, Fields, U64, WalletName } from './blocks.ts';
import { ApprovalId } from './command.ts';
import { Approval, Budget, Decision, Effects, NamedAmounts, Phase, Violations } from './results.ts';
import { SHARED_METHODS } from './shared.ts';

const Wallet = { wallet: WalletName(), stored: Counter() };
const Transactions = Type.Array(Bytes(1, TRANSACTION_BYTES), { minItems: 1, maxItems: TRANSACTIONS_PER_CALL });
const Owners = Type.Array(Bytes32(), { maxItems: OWNERS_PER_CALL });
const RequestId = Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$' });
const ReceiptRef = Fields({ seq: Counter(), hash: Bytes32() });

const Signed = Fields({
  outcome: Type.Literal('signed'),
  /** One per transaction, in order. */
  signatures: Type.Array(Bytes64(), { maxItems: TRANSACTIONS_PER_CALL }),
  messageHashes: Type.Array(Bytes32(), { maxItems: TRANSACTIONS_PER_CALL }),
  charges: NamedAmounts,
  /** Of the assets these transactions touch. */
  budget: Budget,
  receipt: ReceiptRef,
  /** True when these bytes were signed before: nothing was charged now. */
  repeated: Type.Boolean(),
});
const Refused = Fields({ outcome: Type.Literal('refused'), violations: Violations });
const Waiting = Fields({ outcome: Type.Literal('needs-approval'), approval: Approval, violations: Violations });
/** The same `id` came with other bytes; the first signatures are returned. */
const Reused = Fields({
  outcome: Type.Literal('id-reused'),
  signatures: Type.Array(Bytes64(), { maxItems: TRANSACTIONS_PER_CALL }),
  messageHashes: Type.Array(Bytes32(), { maxItems: TRANSACTIONS_PER_CALL }),
});

const line = (maxLength: number) => Type.Optional(Type.String({ minLength: 1, maxLength }));
/** Sign-in-with-Solana; times are RFC 3339 in UTC. What each may be is the policy's and `policy/sign-in.ts`'s to say. */
export const SignIn = Fields({
  domain: Type.String({ minLength: 1, maxLength: 253 }),
  statement: line(512),
  uri: line(1024),
  chainId: line(32),
  nonce: line(128),
  issuedAt: line(32),
  expirationTime: line(32),
  notBefore: line(32),
  requestId: line(128),
});
const MessageSigned = Fields({
  outcome: Type.Literal('signed'),
  signature: Bytes64(),
  /** What the signature covers: the wrapped bytes, or the text the enclave built. */
  message: Bytes(1, 8192),
  charges: NamedAmounts,
  budget: Budget,
  receipt: ReceiptRef,
  repeated: Type.Boolean(),
});

export const AGENT_METHODS = {
  ...SHARED_METHODS,
  sign: {
    params: Fields({ ...Wallet, id: Type.Optional(RequestId), transactions: Transactions, owners: Owners }),
    result: Type.Union([Signed, Refused, Waiting, Reused]),
  },
  evaluate: {
    params: Fields({ ...Wallet, transactions: Transactions, owners: Owners }),
    result: Fields({
      decision: Decision,
      violations: Violations,
      effects: Effects,
      charges: NamedAmounts,
      effectsHash: Bytes32(),
    }),
  },
  'message.sign': {
    /** Exactly one of the two: wrapped bytes, or the fields of a sign-in whose text the enclave builds. */
    params: Fields({ ...Wallet, message: Type.Optional(Bytes(1, 8192)), signIn: Type.Optional(SignIn) }),
    result: Type.Union([MessageSigned, Refused]),
  },
  'wallet.read': {
    params: Fields(Wallet),
    result: Fields({
      agent: Bytes32(),
      receiptKey: Bytes32(),
      phase: Phase,
      policyHash: Bytes32(),
      policyVersion: Counter(),
      leaseEndsAt: Type.Union([U64(), Type.Null()]),
      head: ReceiptRef,
    }),
  },
  /** All assets, some at a time: `after` is the last asset name received. */
  'budget.read': {
    params: Fields({ ...Wallet, after: Type.Optional(Type.String({ maxLength: 32 })) }),
    result: Fields({ budget: Budget, more: Type.Boolean() }),
  },
  'approval.read': { params: Fields({ ...Wallet, approvalId: ApprovalId() }), result: Approval },
} as const;
