import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { health } from '../../scripts/admin/health.ts';
import { send } from '../../scripts/admin/send.ts';
import { parseRemote } from '../../scripts/cli/remote.ts';
import { readWitness, run, startLeased } from './owner-support.ts';

const machine = await startLeased('w1');
const { host, owner, ask, folder } = machine;

t.test('--out writes, admin send sends, once', async (t) => {
  const file = join(folder, 'pause.json');
  const taken = host.taken.length;
  t.match(await owner('pause', 'w1', '--out', file), { code: 0, json: { confirmed: false } });
  t.equal(host.taken.length, taken, 'nothing was sent');
  t.equal(statSync(file).mode & 0o777, 0o600);
  const argv = [file, '--admin', `unix:${host.path}`, '--json'];
  t.match(await run(send.run, argv), { code: 0, json: { command: 'pause', phase: 'paused' } });
  t.match(await run(send.run, argv), { code: 1, json: { error: { code: 'command-replayed' } } });
  t.match(await owner('pause', 'w1'), { code: 0, json: { confirmed: true } }, 'a paused wallet is confirmed as it is');
  t.equal((await owner('resume', 'w1')).code, 0);
});

t.test('files that are not commands', async (t) => {
  const file = join(folder, 'bad.json');
  const rows: readonly (readonly [string, string])[] = [
    ['not json', 'file-invalid'],
    ['{"envelope":[],"body":5}', 'file-invalid'],
    ['{"envelope":["AA="],"body":""}', 'file-invalid'],
    ['{"envelope":["AA=="],"body":""}', 'command-malformed'],
  ];
  for (const [text, code] of rows) {
    writeFileSync(file, text);
    t.match((await run(send.run, [file, '--admin', `unix:${host.path}`, '--json'])).json, { error: { code } }, text);
  }
});

t.test('pause when the host is gone: the witness first, then the bound', async (t) => {
  const gone = ['--admin', 'unix:/nowhere/admin.sock'];
  const { code, json } = await owner('pause', 'w1', ...gone);
  t.equal(code, 1);
  t.match(json, {
    paused: true,
    confirmed: false,
    exposure: { amounts: { SOL: '500000000', signatures: '50' } },
    failure: { code: 'admin-unreachable' },
  });
  t.equal(readWitness(machine, 'w1')['witness']?.['paused'], true);
  t.match((await ask('y\n', 'pause', 'w1', ...gone)).out, /at most 0\.5 SOL \(500000000\), 50 signatures \(50\) until/);
  t.equal((await owner('resume', 'w1')).code, 0);
});

t.test('pause --blind says what it does not do', async (t) => {
  const blind = await ask('yes\n', 'pause', 'w1', '--blind');
  t.equal(blind.code, 0);
  t.match(blind.out, /witness is not told/);
  t.equal(readWitness(machine, 'w1')['witness']?.['paused'], false);
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'idle', code: 'wallet-paused' }] });
  t.equal((await owner('resume', 'w1')).code, 0);
});

t.test('ssh forwards the socket, and its process ends with the command', async (t) => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const note = join(folder, 'ssh-ended');
  // Stands for ssh: does what -L asks for, and notes its arguments and its end.
  writeFileSync(
    join(bin, 'ssh'),
    `#!/bin/sh
exec env -u NODE_OPTIONS ${process.execPath} -e '
const [local, remote] = process.argv[process.argv.indexOf("-L") + 1].split(":");
if (process.argv.at(-1) !== "owner@host.example") { console.error("Permission denied"); process.exit(255); }
const net = require("net");
net.createServer((near) => near.pipe(net.connect(remote)).pipe(near)).listen(local);
process.on("SIGTERM", () => { require("fs").writeFileSync(${JSON.stringify(note)}, "ended"); process.exit(0); });
' -- "$@"
`,
  );
  chmodSync(join(bin, 'ssh'), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const ran = await run(
    (await import('../../scripts/owner/main.ts')).run,
    ['status', '--profile', machine.profilePath, '--json', '--admin', `ssh:owner@host.example:${host.path}`],
    { env },
  );
  t.match(ran, { code: 0, json: { wallets: [{ wallet: 'w1', error: null }] } }, ran.err);
  const denied = await run(health.run, ['--admin', 'ssh:eve@host.example', '--json'], { env });
  t.match(denied.json, { error: { code: 'admin-unreachable', detail: /Permission denied/ } });
  const deadline = Date.now() + 5000;
  while (!existsSync(note) && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  t.ok(existsSync(note), 'ssh was ended');
});

t.test('addresses', async (t) => {
  t.same(parseRemote('ssh:a@b', '/d'), { kind: 'ssh', target: 'a@b', path: '/d' });
  t.same(parseRemote('unix:/x', '/d'), { kind: 'unix', path: '/x' });
  const wrong = [
    'ssh:-oProxyCommand=x@y',
    'ssh:a@-b',
    'ssh:a b@c',
    'ssh:host',
    'tcp:1',
    'unix:',
    `unix:/${'x'.repeat(120)}`,
  ];
  for (const text of wrong) t.throws(() => parseRemote(text, '/d'), { code: 'usage' }, text);
});

t.test('a renewer that is not there', async (t) => {
  const { code, json } = await owner('resume', 'w1', '--renewer', 'unix:/nowhere/renewer.sock');
  t.match({ code, json }, { code: 1, json: { error: { code: 'renewer-unreachable' } } });
});
