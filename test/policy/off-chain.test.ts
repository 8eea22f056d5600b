/** Messages that are no transaction: the wrapped form, sign-in texts, and nothing else. */
import type { OffchainMessageV0 } from '@solana/kit';
import { getOffchainMessageV0Encoder, OffchainMessageContentFormat } from '@solana/kit';
import fc from 'fast-check';
import t from 'tap';
import { concatBytes } from '../../policy/bytes.ts';
import type { MessageForm, MessageRequest } from '../../policy/judge-message.ts';
import { judgeMessage, readMessageForm } from '../../policy/judge-message.ts';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import { emptyLedger, reserve } from '../../policy/ledger.ts';
import { decodeMessage } from '../../policy/message.ts';
import type { OffchainMessage } from '../../policy/offchain-message.ts';
import { decodeOffchainMessage, encodeOffchainMessage } from '../../policy/offchain-message.ts';
import type { SignInFields } from '../../policy/sign-in.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Millis } from '../../policy/types.ts';
import { testKey } from './messages.ts';
import { AGENT, compile, DAY, draft, leaseOf, NOON, SIGNATURES, STRANGER } from './policies.ts';

const SITE = testKey(0x44);
const document = draft({
  assets: { SOL: { windows: [{ seconds: DAY, max: '1' }] }, signatures: { windows: [{ seconds: DAY, max: '2' }] } },
  lease: { maxSeconds: 3600 },
  messages: {
    offchain: { applicationDomains: [pubkeyToBase58(SITE)], maxBytes: 20 },
    signIn: { domains: ['jup.ag', 'example.com:8080'], maxSeconds: 600 },
  },
});
const policy = compile(document);
const none = compile(draft());

const request = (form: MessageForm, changes: Partial<MessageRequest> = {}): MessageRequest => ({
  policy,
  agent: AGENT,
  ledger: emptyLedger(),
  lease: leaseOf(policy),
  now: NOON,
  lastSignedAt: null,
  form,
  ...changes,
});
const wrapped = (changes: Partial<OffchainMessage> = {}) =>
  encodeOffchainMessage({ applicationDomain: SITE, format: 0, signers: [AGENT], text: 'hello', ...changes });
const outcome = (form: MessageForm, changes?: Partial<MessageRequest>) => {
  const read = readMessageForm(request(form, changes));
  return read.ok ? read.value.text : read.refusal.code;
};

t.test('the wrapped form, and no other bytes', async (t) => {
  const bytes = (value: Uint8Array): MessageForm => ({ kind: 'wrapped', bytes: value });
  const good = wrapped();
  const rows: readonly [name: string, bytes: Uint8Array, expected: string][] = [
    ['a text', good, 'hello'],
    ['UTF-8', wrapped({ format: 1, text: 'grüße' }), 'grüße'],
    ['long UTF-8', wrapped({ format: 2, text: 'grüße' }), 'grüße'],
    ['as long as allowed', wrapped({ text: 'x'.repeat(20) }), 'x'.repeat(20)],
    ['one longer', wrapped({ text: 'x'.repeat(21) }), 'message-too-long'],
    ['another domain', wrapped({ applicationDomain: STRANGER }), 'message-not-allowed'],
    ['another signer', wrapped({ signers: [STRANGER] }), 'message-not-wrapped'],
    ['two signers', wrapped({ signers: [AGENT, STRANGER] }), 'message-not-wrapped'],
    ['UTF-8 said to be ASCII', wrapped({ text: 'grüße' }), 'message-not-wrapped'],
    ['a line break said to be ASCII', wrapped({ text: 'a\nb' }), 'message-not-wrapped'],
    ['an unknown format', wrapped({ format: 3 as never }), 'message-not-wrapped'],
    ['no text', wrapped({ text: '' }), 'message-not-wrapped'],
    ['a byte behind', concatBytes(good, Uint8Array.of(0)), 'message-not-wrapped'],
    ['a byte short', good.subarray(0, -1), 'message-not-wrapped'],
    ['version 1', good.with(16, 1), 'message-not-wrapped'],
    ['another head', good.with(0, 0xfe), 'message-not-wrapped'],
    ['bytes that are no UTF-8', wrapped({ format: 1, text: 'ab' }).with(good.length - 4, 0xff), 'message-not-wrapped'],
    ['the text alone', new TextEncoder().encode('hello'), 'message-not-wrapped'],
    ['nothing', new Uint8Array(), 'message-not-wrapped'],
  ];
  for (const [name, value, expected] of rows) t.equal(outcome(bytes(value)), expected, name);
  t.equal(outcome(bytes(good), { policy: none }), 'message-not-allowed', 'a policy that allows none');
  t.equal(outcome({ kind: 'signIn', fields: { domain: 'jup.ag' } }, { policy: none }), 'message-not-allowed');
});

t.test('what is wrapped reads back, and is no transaction', async (_t) => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(text, (text) => {
      const message: OffchainMessage = {
        applicationDomain: SITE,
        format: 2,
        signers: [AGENT],
        text: text.toWellFormed(),
      };
      const bytes = encodeOffchainMessage(message);
      const read = decodeOffchainMessage(bytes, AGENT);
      return read.ok && read.value.text === message.text && !decodeMessage(bytes).ok && !decodeTransaction(bytes).ok;
    }),
    { numRuns: 100, seed: 7 },
  );
});

const signIn = (fields: Partial<SignInFields> = {}): MessageForm => ({
  kind: 'signIn',
  fields: { domain: 'jup.ag', expirationTime: '2026-11-20T12:10:00Z', ...fields },
});

t.test('a sign-in text is built from fields', async (t) => {
  const address = pubkeyToBase58(AGENT);
  const full = signIn({
    statement: 'Welcome back.',
    uri: 'https://jup.ag/login?x=1',
    chainId: 'mainnet',
    nonce: 'oNCEHm5jzQU2WvuBB',
    issuedAt: '2026-11-20T11:59:00Z',
    notBefore: '2026-11-20T11:59:00.500Z',
    requestId: 'r-1',
  });
  t.equal(
    outcome(full),
    [
      'jup.ag wants you to sign in with your Solana account:',
      address,
      '',
      'Welcome back.',
      '',
      'URI: https://jup.ag/login?x=1',
      'Version: 1',
      'Chain ID: mainnet',
      'Nonce: oNCEHm5jzQU2WvuBB',
      'Issued At: 2026-11-20T11:59:00Z',
      'Expiration Time: 2026-11-20T12:10:00Z',
      'Not Before: 2026-11-20T11:59:00.500Z',
      'Request ID: r-1',
    ].join('\n'),
  );
  t.equal(
    outcome(signIn()),
    `jup.ag wants you to sign in with your Solana account:\n${address}\n\nVersion: 1\nIssued At: 2026-11-20T12:00:00.000Z\nExpiration Time: 2026-11-20T12:10:00Z`,
  );
  const rows: readonly [name: string, fields: Partial<SignInFields>, expected: string][] = [
    ['a domain with a port', { domain: 'example.com:8080' }, 'example.com:8080'],
    ['another domain', { domain: 'jup.ag.evil.com' }, 'sign-in-domain-not-allowed'],
    ['a domain with a line in it', { domain: 'jup.ag\nx' }, 'sign-in-domain-not-allowed'],
    ['a statement of two lines', { statement: 'a\nURI: https://evil.com' }, 'sign-in-invalid'],
    ['a statement with a bidirectional character', { statement: 'a\u202eb' }, 'sign-in-invalid'],
    ['a URI elsewhere', { uri: 'https://evil.com/jup.ag' }, 'sign-in-invalid'],
    ['a URI with a user', { uri: 'https://jup.ag@evil.com/' }, 'sign-in-invalid'],
    ['a URI without TLS', { uri: 'http://jup.ag/' }, 'sign-in-invalid'],
    ['a URI of another allowed domain', { uri: 'https://example.com:8080/' }, 'jup.ag'],
    ['a chain the policy does not name', { chainId: 'devnet' }, 'sign-in-invalid'],
    ['a short nonce', { nonce: 'abc' }, 'sign-in-invalid'],
    ['issued an hour ago', { issuedAt: '2026-11-20T11:00:00Z' }, 'sign-in-invalid'],
    ['issued on no day', { issuedAt: '2026-11-20 12:00' }, 'sign-in-invalid'],
    ['for later', { notBefore: '2026-11-20T13:00:00Z' }, 'sign-in-invalid'],
    ['ended', { expirationTime: '2026-11-20T12:00:00Z' }, 'sign-in-invalid'],
    ['too long', { expirationTime: '2026-11-20T12:10:01Z' }, 'sign-in-invalid'],
    ['a request id with a space', { requestId: 'a b' }, 'sign-in-invalid'],
  ];
  for (const [name, fields, expected] of rows) t.match(outcome(signIn(fields)), new RegExp(`^${expected}`), name);
  const endless: MessageForm = { kind: 'signIn', fields: { domain: 'jup.ag' } };
  t.equal(outcome(endless), 'sign-in-invalid', 'the policy asks for an end');
});

t.test('no sign-in text is a transaction', async (_t) => {
  const line = fc.stringMatching(/^[\x20-\x7e]{1,200}$/);
  fc.assert(
    fc.property(line, (statement) => {
      const read = readMessageForm(request(signIn({ statement })));
      return read.ok && !decodeMessage(read.value.bytes).ok && !decodeTransaction(read.value.bytes).ok;
    }),
    { numRuns: 100, seed: 8 },
  );
});

t.test('a message counts as a signature, under lease and schedule', async (t) => {
  const form = signIn();
  const judged = judgeMessage(request(form));
  t.same(judged.charges, [{ asset: SIGNATURES, amount: 1n }]);
  t.equal(judged.decision, 'allow');
  const full = emptyLedger();
  reserve(full, policy, [{ line: SIGNATURES, asset: SIGNATURES, amount: 2n }], NOON);
  const closed = compile({ ...document, schedule: { notAfter: '2026-11-20T12:00:00Z' } });
  const rows: readonly [name: string, changes: Partial<MessageRequest>, codes: string[]][] = [
    ['no lease', { lease: null }, ['lease-missing']],
    ['no ceiling', { lease: leaseOf(policy, { ceiling: {} }) }, ['ceiling-exceeded']],
    ['an ended lease', { now: (NOON + 3_600_000) as Millis }, ['lease-ended']],
    ['the third of two', { ledger: full }, ['window-exceeded']],
    ['after the policy', { policy: closed, lease: leaseOf(closed) }, ['not-after']],
  ];
  for (const [name, changes, codes] of rows) {
    const { decision, violations } = judgeMessage(request(form, changes));
    t.same([decision, ...violations.map(({ code }) => code)], ['deny', ...codes], name);
  }
});

t.test('kit wraps a text into the same bytes', async (t) => {
  const message = {
    version: 0,
    applicationDomain: pubkeyToBase58(SITE),
    content: { format: OffchainMessageContentFormat.RESTRICTED_ASCII_1232_BYTES_MAX, text: 'hello' },
    requiredSignatories: [{ address: pubkeyToBase58(AGENT) }],
  } as unknown as OffchainMessageV0;
  t.same(new Uint8Array(getOffchainMessageV0Encoder().encode(message)), wrapped());
});
