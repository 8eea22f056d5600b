import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Twist } from './fake-host.ts';
import { startLeased } from './owner-support.ts';

const machine = await startLeased('w1');
const { host, owner } = machine;
const other = new Uint8Array(randomBytes(32));
const HOUR = 3_600_000;

/** Each lie of a host, and the code it is refused with. */
const LIES: readonly (readonly [what: string, twist: Twist, code: string, number: number])[] = [
  ['an older nonce', { attest: (asked) => ({ ...asked, nonce: other }) }, 'nonce-mismatch', 2083],
  ['other statements', { attest: (asked) => ({ ...asked, userData: other }) }, 'user-data-mismatch', 2084],
  ['a document of an hour ago', { clock: -HOUR }, 'stale', 2086],
  ['a document of another mode', { statement: (said) => ({ ...said, mode: 'production' }) }, 'document-mode', 5022],
  ['another wallet', { statement: (said) => ({ ...said, wallet: 'w2' }) }, 'statement-mismatch', 5021],
  ['another agent key', { statement: (said) => ({ ...said, agent: other }) }, 'statement-mismatch', 5021],
  ['another receipt key', { statement: (said) => ({ ...said, receiptKey: other }) }, 'statement-mismatch', 5021],
  ['another owner', { statement: (said) => ({ ...said, owner: other }) }, 'statement-mismatch', 5021],
  ['another sealing key', { statement: (said) => ({ ...said, kmsKeyArn: 'arn:x' }) }, 'statement-mismatch', 5021],
];

for (const [what, twist, code, number] of LIES) {
  t.test(`${what}: ${code}`, async (t) => {
    const taken = host.taken.length;
    host.twist = twist;
    t.match(await owner('close', 'w1'), { code: 1, json: { error: { code, number } } });
    t.match((await owner('status')).json, { wallets: [{ wallet: 'w1', error: code }] });
    t.match((await owner('lease', '--once')).json, { outcomes: [{ wallet: 'w1', result: 'alarm', code }] });
    host.twist = {};
    t.equal(host.taken.length, taken, 'nothing was signed');
  });
}

t.test('an image that is not pinned, a root that is not named', async (t) => {
  const text = readFileSync(machine.profilePath, 'utf8');
  const profile = JSON.parse(text);
  const write = (changes: object) => writeFileSync(machine.profilePath, JSON.stringify({ ...profile, ...changes }));
  const image = { ...profile.images[0], pcr0: 'ab'.repeat(48) };
  write({ images: [image] });
  t.match((await owner('close', 'w1')).json, { error: { code: 'pcr-mismatch', number: 2081 } });
  write({ images: [image, profile.images[0]] });
  t.match(await owner('status'), { code: 0 });
  write({ nsmRoot: 'cd'.repeat(32) });
  t.match((await owner('close', 'w1')).json, { error: { code: 'root-untrusted', number: 2050 } });
  const { nsmRoot: _root, ...production } = { ...profile, mode: 'production' };
  const { developmentCredentials: _credentials, ...kms } = profile.kms;
  writeFileSync(machine.profilePath, JSON.stringify({ ...production, kms }));
  t.match((await owner('close', 'w1')).json, { error: { code: 'root-untrusted' } }, 'production trusts AWS alone');
  writeFileSync(machine.profilePath, text);
});

t.test('a profile that weakens production is refused, with file and field', async (t) => {
  const text = readFileSync(machine.profilePath, 'utf8');
  const profile = JSON.parse(text);
  const rows: readonly [object, string][] = [
    [{ ...profile, mode: 'production' }, '/nsmRoot'],
    [{ ...profile, nsmRoot: undefined }, '/nsmRoot'],
    [{ ...profile, surprise: 1 }, 'surprise'],
    [{ ...profile, kms: { ...profile.kms, endpoint: 'http://x' } }, '/kms/endpoint'],
    [{ ...profile, images: [] }, '/images'],
  ];
  for (const [changed, field] of rows) {
    writeFileSync(machine.profilePath, JSON.stringify(changed));
    const { code, err } = await owner('status');
    t.equal(code, 1);
    t.ok(err.includes(field) && err.includes(machine.profilePath) && err.includes('profile-invalid'), err);
  }
  writeFileSync(machine.profilePath, text);
});

t.test('an enclave that cannot be reached', async (t) => {
  const { code, json, err } = await owner('close', 'w1', '--admin', 'unix:/nowhere/admin.sock');
  t.match({ code, json }, { code: 1, json: { error: { code: 'admin-unreachable', number: 5010 } } });
  t.match(err, /check the --admin address/);
});
