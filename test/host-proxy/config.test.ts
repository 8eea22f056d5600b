/** A wrong configuration is one message that names the file and the field; wrong use is exit 2. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { isReeveError } from '../../enclave/link/errors.ts';
import { readConfig } from '../../host-proxy/config.ts';
import { readCredentials } from '../../host-proxy/credentials.ts';
import { run } from '../../host-proxy/main.ts';

const folder = mkdtempSync(join(tmpdir(), 'rv-config-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'config.json');

const GOOD = {
  enclave: { agent: 'unix:a.sock', owner: 'hybrid:/run/vm.vsock:5001' },
  store: 'store',
  sockets: { directory: 'run' },
  admin: '/run/admin.sock',
  kms: { relay: 'kms.sock' },
};

t.test('paths count from the file’s folder', (t) => {
  writeFileSync(
    file,
    JSON.stringify({ ...GOOD, sockets: { directory: 'run', group: 0 }, credentials: { file: 'c.json' } }),
  );
  t.match(readConfig(file), {
    enclave: { agent: `unix:${folder}/a.sock`, owner: 'hybrid:/run/vm.vsock:5001' },
    store: join(folder, 'store'),
    sockets: { directory: join(folder, 'run') },
    admin: '/run/admin.sock',
    credentials: { file: join(folder, 'c.json') },
    groupId: 0,
  });
  writeFileSync(file, JSON.stringify({ ...GOOD, sockets: { directory: 'run', group: 'root' } }));
  t.equal(readConfig(file).groupId, 0);
  t.end();
});

const ROWS: readonly [string, unknown, string, RegExp][] = [
  ['not JSON', '{', '(the whole file)', /is not JSON/],
  ['no object', '[]', '(the whole file)', /must be object/],
  ['missing', { ...GOOD, store: undefined }, 'store', /is missing/],
  ['missing inside', { ...GOOD, enclave: { agent: 'unix:a' } }, 'enclave.owner', /is missing/],
  ['unknown', { ...GOOD, stroe: 'x' }, 'stroe', /is not a field/],
  ['unknown inside', { ...GOOD, kms: { relay: 'x', endpoint: {} } }, 'kms.endpoint', /is not a field/],
  ['wrong type', { ...GOOD, store: 5 }, 'store', /must be string/],
  ['bad address', { ...GOOD, enclave: { agent: 'tcp:1', owner: 'unix:o' } }, 'enclave.agent', /unix:PATH/],
  [
    'bad endpoint',
    { ...GOOD, kms: { relay: 'x', endpoints: { 'evil.example': 'h:1' } } },
    'kms.endpoints.evil.example',
    /is not a field/,
  ],
  ['bad rpc', { ...GOOD, rpc: 'ftp://x' }, 'rpc', /must match/],
  ['bad group', { ...GOOD, sockets: { directory: 'x', group: 'no-such-group' } }, 'sockets.group', /is not a group/],
  ['bad level', { ...GOOD, logLevel: 'loud' }, 'logLevel', /must be/],
  ['bad credentials', { ...GOOD, credentials: { accessKeyId: 'AK' } }, 'credentials', /./],
];

t.test('one message that names file and field', async (t) => {
  for (const [name, content, field, problem] of ROWS) {
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    try {
      readConfig(file);
      t.fail(name);
    } catch (cause) {
      t.ok(isReeveError(cause, 'config-file-invalid'), name);
      const { context } = cause as { context: Record<string, string> };
      t.equal(context['file'], file, name);
      t.match(
        String(context['field']),
        field.startsWith('credentials') ? /^credentials/ : new RegExp(`^${RegExp.escape(field)}$`),
        name,
      );
      t.match(String(context['problem']), problem, name);
    }
  }
});

t.test('the command: exit 2 for wrong use, 1 with one line for a wrong file', async (t) => {
  const use = async (...argv: string[]) => {
    const said = { out: '', err: '' };
    const stdout = { write: (text: string) => (said.out += text) };
    const code = await run(argv, { stdout, stderr: { write: (text: string) => (said.err += text) } });
    return { code, ...said };
  };
  t.match(await use(), { code: 2, err: /^usage: reeve host-proxy --config FILE/ });
  t.match(await use('--what'), { code: 2 });
  t.match(await use('--help'), { code: 0, out: /--close-on-exit/ });
  const missing = await use('--config', join(folder, 'none.json'));
  t.equal(missing.code, 1);
  t.match(missing.err, /^reeve host-proxy: config-file-invalid: .*none\.json.*does not exist/);
  t.equal(missing.err.trim().split('\n').length, 1);
});

t.test('credentials from a file and from the metadata service, and never in a message', async (t) => {
  const secrets = join(folder, 'c.json');
  writeFileSync(secrets, JSON.stringify({ accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' }));
  t.strictSame(await readCredentials({ file: secrets }), {
    accessKeyId: 'AK',
    secretAccessKey: 'SK',
    sessionToken: 'ST',
  });
  writeFileSync(secrets, JSON.stringify({ secretAccessKey: 'the-secret' }));
  await t.rejects(readCredentials({ file: secrets }), /^(?!.*the-secret)/);
  const server = createServer((request, response) => {
    const token = request.headers['x-aws-ec2-metadata-token'] === 'T';
    if (request.method === 'PUT' && request.url === '/latest/api/token') return response.end('T');
    if (!token) return response.writeHead(401).end();
    if (request.url?.endsWith('/security-credentials/')) return response.end('role');
    return response.end(JSON.stringify({ AccessKeyId: 'A', SecretAccessKey: 'S', Token: 'X' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const imds = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.strictSame(await readCredentials({ imds }), { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'X' });
});
