import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import t from 'tap';
import { emptyLedger, reserve } from '../../policy/ledger.ts';
import { exportLedger } from '../../policy/ledger-state.ts';
import type { Message } from '../../policy/message.ts';
import { encodeMessage } from '../../policy/message.ts';
import type { Run } from '../../scripts/cli/io.ts';
import { run as check } from '../../scripts/policy/check.ts';
import { run as evaluate } from '../../scripts/policy/evaluate.ts';
import { run as explain } from '../../scripts/policy/explain.ts';
import {
  AGENT,
  compile,
  draft,
  message,
  NOON,
  pay,
  payToken,
  pubkeyToBase58,
  SHOP,
  STRANGER,
  sol,
  USDC,
} from '../policy/policies.ts';

const folder = mkdtempSync(join(tmpdir(), 'reeve-policy-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const at = '2026-11-20T12:00:00Z';

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A wire transaction without signatures yet. */
function wire(what: Message): string {
  const signatures = new Uint8Array(1 + 64 * what.requiredSignatures);
  signatures[0] = what.requiredSignatures;
  return Buffer.concat([signatures, encodeMessage(what)]).toString('base64');
}

async function call(
  run: Run,
  argv: readonly string[],
  stdin = '',
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const sink = (add: (text: string) => void) =>
    new Writable({ write: (chunk, _encoding, done) => done(void add(String(chunk))) });
  const io = {
    stdout: sink((text) => (out += text)),
    stderr: sink((text) => (err += text)),
    stdin: Readable.from([stdin]),
    env: {},
  };
  return { code: await run(argv, io), out, err };
}

const policy = file('policy.json', JSON.stringify(sol({ perTransaction: '1000', approvalAbove: '500' }), null, 2));
const paid = file('paid.txt', `${wire(message(pay(SHOP, 5n)))}\n`);
const evaluateJson = async (argv: readonly string[], stdin = '') => {
  const { code, out } = await call(evaluate, ['--policy', policy, '--at', at, '--json', ...argv], stdin);
  return {
    code,
    ...(JSON.parse(out) as { decision: string; violations: { code: string }[]; charges: object; effects: object[] }),
  };
};

t.test('evaluate: decision and exit code', async (t) => {
  const rows: readonly [name: string, message: Message, decision: string, code: number][] = [
    ['allowed', message(pay(SHOP, 5n)), 'allow', 0],
    ['denied', message(pay(STRANGER, 5n)), 'deny', 1],
    ['needs approval', message(pay(SHOP, 501n)), 'needs-approval', 1],
  ];
  for (const [name, what, decision, code] of rows) {
    t.match(await evaluateJson(['--transaction', '-'], wire(what)), { decision, code }, name);
  }
});

t.test('evaluate: the whole answer', async (t) => {
  const answer = await evaluateJson(['--transaction', paid]);
  t.match(answer, { decision: 'allow', violations: [], charges: { SOL: '5005' } });
  t.match(answer.effects, [
    { kind: 'fee', base: '5000' },
    { kind: 'transfer', amount: '5', recipient: pubkeyToBase58(SHOP) },
  ]);
  const bare = Buffer.from(encodeMessage(message(pay(SHOP, 5n)))).toString('base64');
  t.match(await evaluateJson(['--transaction', '-', '--message'], bare), { decision: 'allow' });
  t.match(await evaluateJson(['--transaction', '-'], bare), { decision: 'deny' }, 'a message is no transaction');
});

t.test('evaluate: agent, owners, time and ledger', async (t) => {
  const shop = pubkeyToBase58(SHOP);
  t.match(await evaluateJson(['--transaction', paid, '--agent', shop]), {
    violations: [{ code: 'not-our-signature' }],
  });
  t.match(await evaluateJson(['--transaction', paid, '--agent', pubkeyToBase58(AGENT)]), { decision: 'allow' });
  const open = file('open.json', JSON.stringify(draft({ recipients: [{ name: 'a', owners: 'any' }] })));
  const token = wire(message(payToken(STRANGER, 60n)));
  const stranger = ['--owner', pubkeyToBase58(STRANGER)];
  t.match(await evaluateJson(['--policy', open, '--transaction', '-'], token), { decision: 'deny' });
  t.match(await evaluateJson(['--policy', open, '--transaction', '-', ...stranger], token), { decision: 'allow' });
  const ledger = emptyLedger();
  reserve(ledger, compile(draft()), [{ line: USDC, asset: USDC, amount: 41n }], NOON);
  const text = JSON.stringify(exportLedger(ledger), (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  const spent = ['--ledger', file('ledger.json', text)];
  t.match(await evaluateJson(['--policy', open, '--transaction', '-', ...stranger, ...spent], token), {
    violations: [{ code: 'window-exceeded' }],
  });
  t.match(
    await evaluateJson(
      ['--policy', open, '--transaction', '-', ...stranger, ...spent, '--at', '2026-11-22T12:00:00Z'],
      token,
    ),
    { decision: 'allow' },
  );
});

t.test('evaluate: what cannot be decoded is denied', async (t) => {
  for (const text of ['', 'not base64!', 'AAAA', Buffer.alloc(2_000).toString('base64')]) {
    const answer = await evaluateJson(['--transaction', '-'], text);
    t.match(answer, { decision: 'deny', code: 1, effects: [], charges: {} });
    t.equal(answer.violations.length, 1);
  }
});

t.test('wrong use and bad files', async (t) => {
  const transaction = ['--transaction', paid];
  const bad = file('bad.json', '{"format":"reeve/policy/v1"}');
  const rows: readonly [name: string, run: Run, argv: string[], code: number, says: string][] = [
    ['nothing', evaluate, [], 2, '--policy is missing'],
    ['no transaction', evaluate, ['--policy', policy], 2, '--transaction is missing'],
    ['an unknown option', evaluate, ['--policy', policy, ...transaction, '--lease'], 2, '--lease'],
    ['a file that is not there', evaluate, ['--policy', join(folder, 'none'), ...transaction], 2, 'none'],
    ['no address', evaluate, ['--policy', policy, ...transaction, '--agent', 'x'], 2, 'not an address'],
    ['no time', evaluate, ['--policy', policy, ...transaction, '--at', 'now'], 2, 'not a time'],
    ['a policy that is none', evaluate, ['--policy', bad, ...transaction], 1, '/assets'],
    ['a ledger that is none', evaluate, ['--policy', policy, ...transaction, '--ledger', bad], 1, 'version'],
    ['check without a file', check, [], 2, 'which file'],
    ['check of nothing', check, [join(folder, 'none')], 2, 'none'],
  ];
  for (const [name, run, argv, code, says] of rows) {
    const result = await call(run, argv);
    t.equal(result.code, code, name);
    t.match(result.err, says, name);
    t.notMatch(result.err, / at .*\.ts/, 'no stack trace');
  }
});

t.test('check', async (t) => {
  const good = await call(check, [policy, '--json']);
  t.match(
    [good.code, JSON.parse(good.out)],
    [0, { valid: true, errors: [], warnings: [{ number: 1, path: '/assets/USDC' }] }],
  );
  const people = await call(check, ['--policy', policy]);
  t.match(people.out, 'warning 1 at /assets/USDC: no perTransaction: one signature may empty the window');
  const wrong = await call(check, [file('wrong.json', JSON.stringify(sol({ perTransaction: 5 }))), '--json']);
  t.match(
    [wrong.code, JSON.parse(wrong.out)],
    [1, { valid: false, errors: [{ code: 'policy-schema', path: '/assets/SOL/perTransaction' }] }],
  );
  const twice = await call(check, [file('twice.json', readFileSync(policy, 'utf8').replace('{', '{"memo":"deny",'))]);
  t.match([twice.code, twice.out], [1, 'a key appears twice']);
});

t.test('explain', async (t) => {
  const { code, out } = await call(explain, ['--policy', policy, '--transaction', paid, '--at', at]);
  t.equal(code, 0);
  t.match(out, `send 0.000000005 SOL (5) to ${pubkeyToBase58(SHOP)}`);
  t.match(out, 'Allowed: no rule speaks against it.');
  const unread = await call(explain, ['--policy', policy, '--transaction', '-'], 'AAAA');
  t.match([unread.code, unread.out], [1, 'Refused before it was judged: ']);
});
