/** The library as a stranger gets it: packed, installed elsewhere beside kit, and run by the Node the machine has. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { readExample } from '../scripts/stack/readme.ts';
import { makeFolder, openTour, ROOT, socketOf } from '../scripts/stack/support.ts';

t.setTimeout(120_000);

/** Packages an installation may bring: kit with all it is made of, and this one. */
const PACKAGES_MAX = 60;
const OLDEST_MAJOR = 20;
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/;

/** Without what the test runner adds; `path` is where programs are found. */
async function run(cwd: string, path: string, command: string, ...args: string[]) {
  const words = ['-u', 'NODE_OPTIONS', `PATH=${path}`, command, ...args];
  const child = spawn('/usr/bin/env', words, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** The search path of a shell outside this checkout. */
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);

async function findSystemNode(): Promise<string | null> {
  const { code, stdout } = await run(ROOT, path, 'node', '--version');
  const major = Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0);
  return code === 0 && major >= OLDEST_MAJOR ? stdout.trim() : null;
}

/** Signs one payment the policy allows and meets the refusal of one it does not; prints what it saw. */
const PROGRAM = `
import * as kit from '@solana/kit';
import { createReeveSigner, createReeveWallet, ReeveRefused } from 'reeve/client';
const [socketPath, shop, stranger] = process.argv.slice(2);
const signer = await createReeveSigner({ socketPath });
const blockhash = { blockhash: '11111111111111111111111111111112', lastValidBlockHeight: 1000n };
function pay(to, lamports) {
  const data = new Uint8Array(12);
  new DataView(data.buffer).setUint32(0, 2, true);
  new DataView(data.buffer).setBigUint64(4, lamports, true);
  const accounts = [
    { address: signer.address, role: kit.AccountRole.WRITABLE_SIGNER, signer },
    { address: to, role: kit.AccountRole.WRITABLE },
  ];
  const transfer = { programAddress: '11111111111111111111111111111111', accounts, data };
  return kit.signTransactionMessageWithSigners(kit.pipe(
    kit.createTransactionMessage({ version: 0 }),
    (empty) => kit.setTransactionMessageFeePayerSigner(signer, empty),
    (paid) => kit.setTransactionMessageLifetimeUsingBlockhash(blockhash, paid),
    (timed) => kit.appendTransactionMessageInstruction(transfer, timed),
  ));
}
const signed = await pay(shop, 777n);
const key = await kit.getPublicKeyFromAddress(signer.address);
const verified = await kit.verifySignature(key, signed.signatures[signer.address], signed.messageBytes);
const refused = await pay(stranger, 777n).catch((error) => error);
const wallet = await createReeveWallet({ socketPath });
console.log(JSON.stringify({
  node: process.version,
  address: signer.address,
  same: wallet.publicKey.toBase58() === signer.address,
  verified,
  isRefused: refused instanceof ReeveRefused,
  codes: refused.violations.map(({ code }) => code),
  spent: (await signer.budget()).assets[0].windows[0].spent,
}));
`;

t.test('packed, installed elsewhere, used', async (t) => {
  const node = await findSystemNode();
  if (node === null) return t.plan(0, `no Node ${OLDEST_MAJOR} or newer outside this checkout`);
  const folder = makeFolder(t);
  const packed = await run(ROOT, process.env['PATH'] ?? '', 'npm', 'pack', '--silent', '--pack-destination', folder);
  t.equal(packed.code, 0, packed.stderr);
  const consumer = join(folder, 'consumer');
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', '@solana', 'kit', 'package.json'), 'utf8'));
  const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const wanted = [join(folder, packed.stdout.trim()), `@solana/kit@${version}`];
  const installed = await run(consumer, path, 'npm', 'install', ...quiet, ...wanted);
  if (installed.code !== 0 && NO_NETWORK.test(installed.stderr))
    return t.plan(0, 'the package registry cannot be reached');
  t.equal(installed.code, 0, installed.stderr);

  await t.test('it brings no dependency of its own, and no source of anything but the library', (t) => {
    const lock = JSON.parse(readFileSync(join(consumer, 'package-lock.json'), 'utf8'));
    t.strictSame(lock.packages['node_modules/reeve'].dependencies ?? {}, {});
    t.ok(Object.keys(lock.packages).length <= PACKAGES_MAX);
    const files = readdirSync(join(consumer, 'node_modules', 'reeve'), { recursive: true }).map(String);
    const sources = files.filter((file) => /\.(js|ts)$/.test(file) && !file.startsWith('dist/host-proxy/'));
    t.strictSame(sources, ['scripts/launch.js']);
    t.notOk(existsSync(join(consumer, 'node_modules', '.bin', 'node')), 'the consumer keeps its own Node');
    t.end();
  });

  await t.test(`it signs and is refused on ${node}`, async (t) => {
    const tour = await openTour(t);
    const { agent, shop, stranger } = tour.parties;
    writeFileSync(join(consumer, 'pay.js'), PROGRAM);
    const { code, stdout, stderr } = await run(consumer, path, 'node', 'pay.js', socketOf(tour), shop, stranger);
    t.equal(code, 0, stderr);
    const facts = { node, address: agent, same: true, verified: true, isRefused: true, spent: '5777' };
    t.strictSame(JSON.parse(stdout || '{}'), { ...facts, codes: ['recipient-not-allowed'] });
  });

  await t.test('the README’s programs fit its types', async (t) => {
    symlinkSync(join(ROOT, 'node_modules', '@solana-program'), join(consumer, 'node_modules', '@solana-program'));
    symlinkSync(join(ROOT, 'node_modules', '@types'), join(consumer, 'node_modules', '@types'));
    for (const name of ['pay.ts', 'x402.ts'] as const) writeFileSync(join(consumer, name), readExample(name));
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      'node',
    ];
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const checked = await run(consumer, path, process.execPath, tsc, ...options, 'pay.ts', 'x402.ts');
    t.strictSame([checked.stdout, checked.code], ['', 0]);
  });

  await t.test('its command says that it needs a checkout', async (t) => {
    const { code, stderr } = await run(consumer, path, join(consumer, 'node_modules', '.bin', 'reeve'), 'start');
    t.equal(code, 2);
    t.match(stderr, /^reeve: this package holds the library for agents .*\n$/);
  });
});
