import t from 'tap';
import { liftOf } from '../../policy/codes.ts';
import type { Facts } from '../../policy/rules/facts.ts';
import { judgePrograms } from '../../policy/rules/programs.ts';
import {
  ask,
  checkRows,
  codesOf,
  compile,
  draft,
  leaseOf,
  memo,
  message,
  pay,
  payToken,
  pubkeyToBase58,
  SHOP,
  SOL,
  STRANGER,
  sol,
  UNKNOWN_CALL,
} from './policies.ts';

const shop = pubkeyToBase58(SHOP);
const asks = sol({ approvalAbove: '500', perTransaction: '1000' });
const lifting = (...lifts: string[]) => ({ approvals: { lifts } });
const capLifted = sol({ perTransaction: '1000' }, lifting('perTransaction'));
const ended = sol({ approvalAbove: '5' }, { schedule: { notAfter: '2026-11-20T12:00:00Z' } });
const yes = { approved: () => true };
const unknown = draft(lifting('program', 'recipient', 'window'));
const noMemo = draft({ ...lifting('recipient'), memo: 'deny' });
const askedGroup = draft({ recipients: [{ name: 'g', owners: [shop], approval: true }] });

t.test('what an approval lifts', async (t) => {
  checkRows(t, [
    ['at approvalAbove', asks, message(pay(SHOP, 500n)), 'allow'],
    ['over it', asks, message(pay(SHOP, 501n)), 'needs-approval approval-above'],
    ['over it by the sum', asks, message(pay(SHOP, 300n), pay(SHOP, 201n)), 'needs-approval approval-above'],
    ['over it, approved', asks, message(pay(SHOP, 501n)), 'allow', yes],
    ['the cap is not lifted', asks, message(pay(SHOP, 1_001n)), 'deny per-transaction-exceeded approval-above', yes],
    ['the cap lifted', capLifted, message(pay(SHOP, 1_001n)), 'needs-approval per-transaction-exceeded'],
    ['nothing lifts', sol({ approvalAbove: '5' }, lifting()), message(pay(SHOP, 6n)), 'deny approval-above', yes],
    ['window', sol({}, lifting('window')), message(pay(SHOP, 2_000_000n)), 'needs-approval window-exceeded'],
    ['recipient', draft(lifting('recipient')), message(pay(STRANGER, 5n)), 'needs-approval recipient-not-allowed'],
    [
      'program',
      draft({ programs: {}, ...lifting('program') }),
      message(pay(SHOP, 5n)),
      'needs-approval program-not-allowed',
    ],
    ['never an undecoded instruction', unknown, message(UNKNOWN_CALL), 'deny instruction-unknown', yes],
    ['deny wins', noMemo, message(pay(STRANGER, 5n), memo('x')), 'deny memo-denied recipient-not-allowed', yes],
    ['never notAfter', ended, message(pay(SHOP, 6n)), 'deny not-after approval-above', yes],
  ]);
});

t.test('what always needs the owner', async (t) => {
  checkRows(t, [
    [
      'an asset',
      draft({ approvals: { assets: ['USDC'] } }),
      message(payToken(SHOP, 1n)),
      'needs-approval approval-asset',
    ],
    ['another asset', draft({ approvals: { assets: ['USDC'] } }), message(pay(SHOP, 1n)), 'allow'],
    [
      'a program',
      draft({ approvals: { programs: ['token'] } }),
      message(payToken(SHOP, 1n)),
      'needs-approval approval-program',
    ],
    ['a memo', draft({ approvals: { programs: ['memo'] } }), message(memo('x')), 'needs-approval approval-program'],
    ['a group', askedGroup, message(pay(SHOP, 1n)), 'needs-approval approval-recipient'],
  ]);
});

t.test('an approved payment is charged nothing and not held against the ceiling', async (t) => {
  const policy = compile(sol({ approvalAbove: '500' }));
  const lease = leaseOf(policy, { ceiling: { [SOL]: 100n } });
  const asked: string[] = [];
  const approved = (effectsHash: string) => asked.push(effectsHash) > 0;
  const large = [message(pay(SHOP, 501n))];
  const judgement = ask(policy, large, { lease, approved });
  t.equal(judgement.decision, 'allow');
  t.equal(judgement.approvalUsed, true);
  t.same([judgement.charges, judgement.entries, judgement.violations], [[], [], []]);
  t.same(codesOf({ violations: judgement.lifted }), ['approval-above']);
  t.same(asked, [judgement.effectsHash()]);
  const waiting = ask(policy, large, { lease });
  t.same([waiting.decision, waiting.approvalUsed], ['needs-approval', false], 'and it can be asked for');
  t.same([waiting.lifted, waiting.charges.length], [[], 1], 'nothing is lifted before');
  const small = ask(policy, [message(pay(SHOP, 101n))], { lease, approved });
  t.same(small.lifted, []);
  t.same([small.decision, codesOf(small)], ['deny', ['ceiling-exceeded']], 'what needs no approval is held against it');
  t.equal(asked.length, 1, 'approvals are looked for only where one would decide');
});

t.test('an instruction no policy can name is refused for good, whatever is decoded of it', async (t) => {
  const call = { program: 'squads', name: 'spendingLimitUse', transaction: 0, instruction: 0 };
  const facts = { policy: compile(unknown), programs: [call] } as unknown as Facts;
  const codes = judgePrograms(facts).map(({ code }) => code);
  t.same(codes, ['instruction-never-allowed']);
  t.same(codes.map(liftOf), [null]);
});
