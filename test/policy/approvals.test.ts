import { createHash } from 'node:crypto';
import t from 'tap';
import { describeEffects, hashEffectsJson, nameCalls, showAmount } from '../../policy/approvals.ts';
import { escapeText } from '../../policy/escape.ts';
import { judgementToJson, violationToJson } from '../../policy/json.ts';
import type { Judgement } from '../../policy/judge.ts';
import type { Message } from '../../policy/message.ts';
import type { Hash } from '../../policy/types.ts';
import { buildMessage } from './messages.ts';
import {
  AGENT,
  ask,
  compile,
  draft,
  memo,
  message,
  OTHER_PAYER,
  openAccount,
  pay,
  payToken,
  price,
  pubkeyToBase58,
  SHOP,
  STRANGER,
  SUPPLIER,
  sol,
  sponsored,
} from './policies.ts';

const policy = compile(sol({ approvalAbove: '1' }));
const hashOf = (...messages: Message[]) => ask(policy, messages).effectsHash();
const base = message(pay(SHOP, 5n), payToken(SHOP, 7n), memo('invoice 7'));
const known = hashOf(base);

/** The same keys in another order, as another client would list them. */
function shuffled({ keys, instructions, ...rest }: Message): Message {
  const order = [0, ...[...keys.keys()].slice(1).reverse()];
  const place = (index: number) => order.indexOf(index);
  return {
    ...rest,
    keys: order.map((index) => keys[index] as typeof AGENT),
    instructions: instructions.map(({ program, accounts, data }) => ({
      program: place(program),
      accounts: accounts.map(place),
      data,
    })),
  };
}

t.test('what an approval is not bound to', async (t) => {
  const rows: readonly [name: string, message: Message][] = [
    ['the blockhash', { ...base, lifetime: 'cd'.repeat(32) as Hash }],
    ['the order of accounts', shuffled(base)],
    ['the compute price', message(price(1_000n), pay(SHOP, 5n), payToken(SHOP, 7n), memo('invoice 7'))],
    ['the order of instructions', message(memo('invoice 7'), payToken(SHOP, 7n), pay(SHOP, 5n))],
    ['the message version', buildMessage([AGENT], [pay(SHOP, 5n), payToken(SHOP, 7n), memo('invoice 7')], 'legacy')],
  ];
  for (const [name, changed] of rows) t.equal(hashOf(changed), known, name);
});

t.test('what an approval is bound to', async (t) => {
  const rows: readonly [name: string, hash: Hash][] = [
    ['the amount', hashOf(message(pay(SHOP, 6n), payToken(SHOP, 7n), memo('invoice 7')))],
    ['the recipient', hashOf(message(pay(SUPPLIER, 5n), payToken(SHOP, 7n), memo('invoice 7')))],
    ['the asset', hashOf(message(pay(SHOP, 7n), payToken(SHOP, 5n), memo('invoice 7')))],
    ['the memo', hashOf(message(pay(SHOP, 5n), payToken(SHOP, 7n), memo('invoice 8')))],
    ['a long memo’s end', hashOf(message(memo(`${'m'.repeat(1_100)}a`)))],
    ['a long memo’s other end', hashOf(message(memo(`${'m'.repeat(1_100)}b`)))],
    ['a memo that nothing shows', hashOf(message(pay(SHOP, 5n), payToken(SHOP, 7n), memo('\ufeffinvoice 7')))],
    ['one payment more', hashOf(message(pay(SHOP, 5n), pay(SHOP, 5n), payToken(SHOP, 7n), memo('invoice 7')))],
    ['an account to open', hashOf(message(pay(SHOP, 5n), openAccount(SHOP), payToken(SHOP, 7n), memo('invoice 7')))],
    ['who pays the fee', hashOf(sponsored(pay(SHOP, 5n), payToken(SHOP, 7n), memo('invoice 7')))],
    ['one transaction or two', hashOf(message(pay(SHOP, 5n), payToken(SHOP, 7n)), message(memo('invoice 7')))],
    ['the policy', ask(compile(draft()), [base]).effectsHash()],
  ];
  t.equal(
    new Set([known, ...rows.map(([, hash]) => hash)]).size,
    rows.length + 1,
    rows.map(([name]) => name).join(', '),
  );
});

t.test('the hash can be computed from what is shown', async (t) => {
  const judgement = ask(policy, [base]);
  const { effects, feeCap, effectsHash } = judgementToJson(policy, judgement);
  const programs = nameCalls(judgement.programs);
  t.same(programs, ['memo.memo', 'system.transfer', 'token.transferChecked']);
  const shown = { policyHash: policy.hash, effects, programs, feeCap };
  t.equal(hashEffectsJson(JSON.parse(JSON.stringify(shown)) as typeof shown), effectsHash);
  t.not(hashEffectsJson({ ...shown, feeCap: '1' }), effectsHash);
  t.not(hashEffectsJson({ ...shown, programs: [...programs, 'stake.delegate'] }), effectsHash);
});

t.test('the hash is over one text, whatever the order of what it lists', async (t) => {
  const policyHash = 'ab'.repeat(32) as Hash;
  const place = { transaction: 0, instruction: 3 };
  const effects = [
    { ...place, kind: 'transfer', amount: '2' },
    { ...place, kind: 'fee', base: '5000' },
    { ...place, kind: 'burn', amount: '1' },
  ];
  const bound = ['burn', 'transfer'].map((kind, index) => `{"amount":"${index + 1}","kind":"${kind}","transaction":0}`);
  const text = `{"domain":"reeve/effects/v1","effects":${JSON.stringify(bound)},"feeCap":"7","policyHash":"${policyHash}","programs":["a.b","c.d"]}`;
  const expected = createHash('sha256').update(text).digest('hex');
  t.equal(hashEffectsJson({ policyHash, effects, programs: ['c.d', 'a.b'], feeCap: '7' }), expected);
  t.equal(
    hashEffectsJson({ policyHash, effects: effects.toReversed(), programs: ['a.b', 'c.d'], feeCap: '7' }),
    expected,
  );
});

t.test('effects in plain words', async (t) => {
  const rich = message(
    pay(SHOP, 1_250_000_000n),
    payToken(SHOP, 7n),
    openAccount(SHOP),
    memo('a\u202Eb\n\\'),
    pay(STRANGER, 1n),
    payToken(STRANGER, 2n),
  );
  const shop = pubkeyToBase58(SHOP);
  const lines = describeEffects(policy, ask(policy, [rich]).effects);
  t.same(lines.slice(0, 5), [
    'pay a fee of 0.000005 SOL (5000)',
    `send 1.25 SOL (1250000000) to ${shop}`,
    `send 0.000007 USDC (7) to ${shop}`,
    `pay 0.00203928 SOL (2039280) for a new account of ${shop}`,
    'write the memo “a\\u{202e}b\\u{a}\\\\”',
  ]);
  t.match(lines[5], /^send 0\.000000001 SOL \(1\) to an unknown owner, account /);
  t.match(lines[6], /^send 0\.000002 USDC \(2\) to an unknown owner, account /);
});

t.test('amounts', async (t) => {
  const rows: readonly [asset: string, amount: string, shown: string][] = [
    ['SOL', '0', '0 SOL (0)'],
    ['SOL', '1', '0.000000001 SOL (1)'],
    ['SOL', '18446744073709551615', '18446744073.709551615 SOL (18446744073709551615)'],
    ['USDC', '1000000', '1 USDC (1000000)'],
    ['signatures', '3', '3 signatures (3)'],
  ];
  for (const [asset, amount, shown] of rows) t.equal(showAmount(policy, asset, amount), shown);
});

t.test('text that hides or turns around is shown escaped, and different texts stay different', async (t) => {
  const rows: readonly [text: string, shown: string][] = [
    ['plain ünïcödé 漢字 🙂', 'plain ünïcödé 漢字 🙂'],
    ['\u001b[31m', '\\u{1b}[31m'],
    ['\u0007\r\n\u0085', '\\u{7}\\u{d}\\u{a}\\u{85}'],
    ['\u202a\u2066\u200f\u061c', '\\u{202a}\\u{2066}\\u{200f}\\u{61c}'],
    ['\u200b\ufeff\u2028', '\\u{200b}\\u{feff}\\u{2028}'],
    ['\\u{7}', '\\\\u{7}'],
    ['\ud800', '\\u{d800}'],
  ];
  for (const [text, shown] of rows) t.equal(escapeText(text), shown);
});

t.test('violations as JSON', async (t) => {
  const json = violationToJson({ code: 'x', detail: `\u202e${'d'.repeat(500)}`, limit: 2n ** 64n - 1n, retryAfter: 5 });
  t.same(json, { code: 'x', detail: `\\u{202e}${'d'.repeat(392)}`, limit: '18446744073709551615', retryAfter: 5 });
  const judgement: Judgement = ask(policy, [sponsored(payToken(SHOP, 101n))]);
  const whole = JSON.parse(JSON.stringify(judgementToJson(policy, judgement))) as ReturnType<typeof judgementToJson>;
  t.match(whole, { decision: 'deny', charges: { USDC: '101' }, feeCap: '0' });
  t.match(whole.effects, [{ kind: 'transfer', asset: 'USDC', amount: '101', recipient: pubkeyToBase58(SHOP) }]);
  t.notMatch(JSON.stringify(whole), pubkeyToBase58(OTHER_PAYER), 'what others do is no effect of ours');
});
