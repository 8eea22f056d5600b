/** The recipe: what is locked, what may go into an image, and what is refused before anything is built. Building itself takes long and is not done here. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readTrustFile } from '../../../scripts/image/build.ts';
import { cacheRoot, keep } from '../../../scripts/image/cache.ts';
import { listApplication } from '../../../scripts/image/contents.ts';
import { writeCpio } from '../../../scripts/image/cpio.ts';
import { checkConfig } from '../../../scripts/image/kernel.ts';
import { listImage } from '../../../scripts/image/listing.ts';
import { RECIPE, readLock } from '../../../scripts/image/lock.ts';
import { listMirrors } from '../../../scripts/image/packages.ts';
import { runProgram } from '../../../scripts/image/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'reeve-recipe-'));
t.teardown(() => rmSync(folder, { recursive: true }));
process.env['XDG_CACHE_HOME'] = folder;
const bytes = (text: string) => Buffer.from(text);

t.test('everything is locked by version and hash, at places of a Debian mirror', async (t) => {
  const lock = readLock();
  const all = [lock.kernel, ...lock.libraries, ...lock.tools];
  t.ok(all.length > 10);
  for (const locked of all)
    t.match(locked, {
      name: /^[a-z0-9.+-]+$/,
      version: /^[\w:.+~-]+$/,
      archive: /^debian(-security)?\/pool\/[\w/.+~-]+$/,
      sha256: /^[0-9a-f]{64}$/,
    });
  t.match(lock.node.sha256, /^[0-9a-f]{64}$/);
  t.ok(Object.keys(lock.toolchain).includes('gcc-12'));
});

t.test('mirrors are those of the machine’s apt, in both forms of its files, then Debian’s', async (t) => {
  const files = [
    [
      'one.sources',
      'Types: deb\nURIs: http://mirror.test/a/debian https://other.test/debian-security/\nSuites: x\n# URIs: http://off.test/debian\n',
    ],
    [
      'two.list',
      'deb [signed-by=/k] https://third.test/debian x main\n# deb http://off.test/debian x main\ndeb http://vendor.test/apt x main\n',
    ],
  ].map(([name = '', text = '']) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  });
  t.strictSame(listMirrors(files), [
    'http://mirror.test/a/',
    'https://other.test/',
    'https://third.test/',
    'http://deb.debian.org/',
  ]);
});

t.test('a kernel option that was not taken is an error; so is none', async (t) => {
  const wanted = '# CONFIG_A says\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_C="x"\n';
  t.doesNotThrow(() => checkConfig(wanted, 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="x"\n'));
  t.throws(() => checkConfig(wanted, '# CONFIG_A is not set\nCONFIG_C="x"\n'), {
    code: 'image-build',
    message: /CONFIG_A=y/,
  });
  const config = readFileSync(join(RECIPE, 'kernel.config'), 'utf8');
  for (const option of [
    'NSM',
    'VIRTIO_VSOCKETS',
    'STACKPROTECTOR_STRONG',
    'RANDOMIZE_BASE',
    'CPU_MITIGATIONS',
    'SECCOMP_FILTER',
    'LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY',
  ])
    t.ok(config.includes(`\nCONFIG_${option}=y\n`), option);
  t.notMatch(config, /CONFIG_(MODULES|DEVMEM|INET|COREDUMP|BPF_SYSCALL|KEXEC|IO_URING|BLOCK)=y/);
});

t.test('the cache keeps what was finished, and nothing else', async (t) => {
  t.equal(cacheRoot(), join(folder, 'reeve'));
  let made = 0;
  const make = (text: string) =>
    keep('thing', ['input'], async (target) => {
      made++;
      writeFileSync(join(target, 'file'), text);
      if (text === 'broken') throw new Error('planted');
    });
  await t.rejects(make('broken'), /planted/);
  t.strictSame(readdirSync(cacheRoot()), []);
  const [first, second] = [await make('one'), await make('two')];
  t.equal(first, second);
  t.equal(readFileSync(join(first, 'file'), 'utf8'), 'one');
  t.equal(made, 2);
  t.not(await keep('thing', ['inpu', 't'], async () => undefined), first, 'borders between inputs count');
});

t.test('a program that fails says so with its last lines; its environment is what it is given', async (t) => {
  const log = join(folder, 'log');
  await t.rejects(runProgram({ command: 'sh', args: ['-c', 'echo why; exit 3'], log }), {
    code: 'image-build',
    message: /ended: 3.*why/,
  });
  await runProgram({ command: 'env', args: [], env: { ONE: 'two' }, log });
  t.match(readFileSync(log, 'utf8'), /\nPATH=\/usr\/bin:\/bin\nONE=two\n$/);
});

const parts = { machine: bytes('machine'), bundle: bytes('bundle'), trust: readTrustFile('production', undefined) };

t.test('production and development images differ in the trust file alone', async (t) => {
  const list = (trust: Uint8Array) =>
    listImage({ entries: listApplication({ ...parts, trust }), kernel: bytes('kernel') });
  const [production, development] = [list(parts.trust), list(readTrustFile('development', undefined))];
  const differ = production.filter((line, index) => line !== development[index]);
  t.equal(production.length, development.length);
  t.equal(differ.length, 1);
  t.match(differ[0], / \/app\/trust$/);
});

t.test('nobody can write in the ramdisk, and the init cannot be read', async (t) => {
  const entries = listApplication(parts);
  t.ok(writeCpio(entries).length > 500);
  for (const { path, mode } of entries) t.equal(mode & 0o222, 0, path);
  t.equal(entries.find(({ path }) => path === 'init')?.mode, 0o111);
});

t.test('only a development image takes another KMS root', async (t) => {
  const pem = join(folder, 'root.pem');
  writeFileSync(pem, 'PEM\n');
  const trust = JSON.parse(Buffer.from(readTrustFile('development', pem)).toString()) as {
    mode: string;
    kmsRoots: { pem: string }[];
  };
  t.equal(trust.mode, 'development');
  t.equal(trust.kmsRoots[0]?.pem, 'PEM\n');
  t.throws(() => readTrustFile('production', pem), { code: 'usage' });
  t.notOk(existsSync(join(RECIPE, 'root.pem')));
});
