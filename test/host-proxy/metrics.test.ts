/** What Prometheus is told, and that every alert speaks of something that is told. */

import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { readConfig } from '../../host-proxy/config.ts';
import { createMeters } from '../../host-proxy/metrics/meters.ts';
import { formatFamilies } from '../../host-proxy/metrics/text.ts';
import { transferSol } from '../../host-proxy/transactions/instructions.ts';
import { compileMessage } from '../../host-proxy/transactions/message.ts';
import { wrapMessage } from '../../host-proxy/transactions/wire.ts';
import { makeKey } from '../keys.ts';
import { call, makeHouse, until } from './support.ts';

const ALERTS = join(import.meta.dirname, '..', '..', 'host-proxy', 'alerts.yaml');

function scrape(
  port: number,
  path = '/metrics',
  method = 'GET',
): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const ask = request({ host: '127.0.0.1', port, path, method }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const type = String(answer.headers['content-type']);
        resolve({ status: answer.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() });
      });
    });
    ask.on('error', reject).end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The samples of one metric, as they stand in the text. */
const samplesOf = (text: string, name: string) =>
  text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));

t.test('the metrics of a proxy with wallets, and with its enclave away', async (t) => {
  const house = await makeHouse();
  t.teardown(house.cleanUp);
  const port = await freePort();
  await house.startProxy({ metrics: { listen: `127.0.0.1:${port}` } });
  for (const name of ['alice', 'bob']) await house.createWallet(name);
  const transfer = transferSol(makeKey('agent alice').key, makeKey('somebody').key, 1n);
  const message = compileMessage(makeKey('agent alice').key, [transfer], new Uint8Array(32).fill(7));
  const transaction = Buffer.from(wrapMessage(message, 1)).toString('base64');
  await call(house.socket('alice'), 'POST', '/v1/sign', { transaction });
  await call(house.socket('alice'), 'POST', '/v1/sign', { nonsense: true });
  const { status, type, text } = await scrape(port);
  t.match([status, type], [200, /^text\/plain; version=0\.0\.4/]);
  t.strictSame(samplesOf(text, 'reeve_lease_seconds'), [
    'reeve_lease_seconds{wallet="alice"} 61',
    'reeve_lease_seconds{wallet="bob"} 61',
  ]);
  t.strictSame(samplesOf(text, 'reeve_ceiling_left').at(0), 'reeve_ceiling_left{wallet="alice",asset="SOL"} 700');
  t.strictSame(samplesOf(text, 'reeve_unseen_charge').at(0), 'reeve_unseen_charge{wallet="alice",asset="SOL"} 5');
  t.strictSame(samplesOf(text, 'reeve_approvals_pending').at(1), 'reeve_approvals_pending{wallet="bob"} 2');
  t.strictSame(samplesOf(text, 'reeve_enclave_up'), ['reeve_enclave_up 1']);
  t.strictSame(samplesOf(text, 'reeve_decisions_total'), ['reeve_decisions_total{outcome="signed",code="allow"} 1']);
  t.match(
    samplesOf(text, 'reeve_requests_total').join('\n'),
    /route="\/v1\/sign",status="200"\} 1\n.*status="422"\} 1$/,
  );
  t.match(samplesOf(text, 'reeve_store_seconds_count'), [/ [1-9]\d*$/]);
  t.match(samplesOf(text, 'reeve_store_free_bytes'), [/ [1-9]\d{5,}$/]);
  t.match(samplesOf(text, 'reeve_boot_age_seconds'), [/ 0?\.?\d/]);
  t.match(samplesOf(text, 'reeve_clock_offset_seconds'), [/ -\d/]);
  t.equal((await scrape(port, '/')).status, 404);
  t.equal((await scrape(port, '/metrics', 'POST')).status, 404);

  await house.fake.stop();
  await until(async () => samplesOf((await scrape(port)).text, 'reeve_enclave_up')[0] === 'reeve_enclave_up 0');
  const away = await scrape(port);
  t.strictSame(samplesOf(away.text, 'reeve_lease_seconds'), [], 'what nobody knows is not told');
  t.equal(samplesOf(away.text, 'reeve_wallets')[0], 'reeve_wallets 2');
  const refused = await call(house.socket('alice'), 'POST', '/v1/sign', { transaction });
  t.equal(refused.status, 503, 'nothing is signed');
});

t.test('where metrics may be served', async (t) => {
  const house = await makeHouse();
  t.teardown(house.cleanUp);
  const rows: [listen: string, beyond: boolean, served: boolean][] = [
    ['127.0.0.1:9464', false, true],
    ['localhost:9464', false, true],
    ['[::1]:9464', false, true],
    ['0.0.0.0:9464', false, false],
    ['0.0.0.0:9464', true, true],
    ['[::]:9464', true, true],
    ['10.0.0.1:9464', false, false],
    ['9464', true, false],
    ['127.0.0.1:99999', false, false],
    ['127.0.0.1', false, false],
  ];
  for (const [listen, beyondLoopback, served] of rows) {
    house.writeConfig({ metrics: { listen, ...(beyondLoopback && { beyondLoopback }) } });
    if (served) t.ok(readConfig(house.configFile).metrics, listen);
    else
      t.throws(() => readConfig(house.configFile), { code: 'config-file-invalid', message: /metrics\.listen/ }, listen);
  }
  house.writeConfig({});
  t.equal(readConfig(house.configFile).metrics, undefined, 'off by default');
});

t.test('text: labels are escaped, buckets add up, a family without samples still stands there', async (t) => {
  const labels = { wallet: 'a"b\\c\nd' };
  const text = formatFamilies([{ name: 'x', type: 'gauge', help: 'h', samples: [{ labels, value: Number.NaN }] }]);
  t.equal(text, '# HELP x h\n# TYPE x gauge\nx{wallet="a\\"b\\\\c\\nd"} NaN\n');
  const meters = createMeters();
  await meters.trackStore(async () => undefined);
  await t.rejects(meters.trackStore(async () => Promise.reject(new Error('full'))));
  const told = formatFamilies(meters.families());
  t.match(told, /reeve_store_seconds_bucket\{le="\+Inf"\} 1\n/);
  t.match(told, /reeve_store_failures_total 1\n/);
  t.match(told, /# TYPE reeve_decisions_total counter\n/);
  t.match(told, /reeve_queue_depth\{queue="store"\} 0\n/);
});

/** The subset of YAML the rule file keeps to: nested by two blanks, `key: value`, lists of maps. */
function readYaml(text: string): unknown {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  let at = 0;
  const depthOf = (line = '') => line.length - line.trimStart().length;
  const scalar = (value: string): unknown => (value.startsWith('"') ? JSON.parse(value) : value);
  function readMap(depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    while (at < lines.length && depthOf(lines[at]) === depth && !lines[at]?.trimStart().startsWith('- ')) {
      const [, key = '', value = ''] = /^ *([A-Za-z_]+):(?: (.+))?$/.exec(lines[at] as string) ?? [];
      if (key === '' || key in map) throw new Error(`line ${at}: ${lines[at]}`);
      at += 1;
      map[key] =
        value !== ''
          ? scalar(value)
          : lines[at]?.trimStart().startsWith('- ')
            ? readList(depth + 2)
            : readMap(depth + 2);
    }
    return map;
  }
  function readList(depth: number): unknown[] {
    const items: unknown[] = [];
    while (at < lines.length && depthOf(lines[at]) === depth && lines[at]?.trimStart().startsWith('- ')) {
      lines[at] = (lines[at] as string).replace('- ', '  ');
      items.push(readMap(depth + 2));
    }
    return items;
  }
  const value = readMap(0);
  if (at !== lines.length) throw new Error(`line ${at}: ${lines[at]}`);
  return value;
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

t.test('the alert rules can be read, and speak only of metrics that are told', async (t) => {
  const { groups } = readYaml(readFileSync(ALERTS, 'utf8')) as { groups: { name: string; rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  t.ok(rules.length >= 10);
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, 'names once');
  const house = await makeHouse();
  t.teardown(house.cleanUp);
  const port = await freePort();
  await house.startProxy({ metrics: { listen: `127.0.0.1:${port}` } });
  await house.createWallet('alice');
  const told = new Set([...(await scrape(port)).text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const { alert, expr, labels, annotations, ...rule } of rules) {
    const named = [...expr.matchAll(/\breeve_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    t.ok(named.length > 0 || expr.startsWith('up'), alert);
    for (const name of named) t.ok(told.has(name), `${alert}: ${name}`);
    t.match(labels.severity, /^(critical|warning|info)$/);
    t.ok(annotations.summary.length > 10 && (rule.for === undefined || /^\d+[sm]$/.test(rule.for)), alert);
    const [open, close] = [/[({[]/g, /[)}\]]/g].map((pattern) => expr.match(pattern)?.length ?? 0);
    t.equal(open, close, `${alert}: brackets`);
  }
});
