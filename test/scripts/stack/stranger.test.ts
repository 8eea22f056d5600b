/** SECURITY.md's walk-through of a stranger, word for word, from a folder that holds nothing else: what verifies, and what does not. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeStatement, encodeStatement } from '../../../enclave/link/statements.ts';
import { NSM_ROOT_FILE } from '../../../scripts/dev/nsm.ts';
import { stopStack } from '../../../scripts/stack/stack.ts';
import { makeFolder, openTour, ROOT, socketOf } from './support.ts';

t.setTimeout(90_000);

/** What the text leaves for the reader to fill in. */
type Blanks = Readonly<Record<'AGENT.sock' | 'CHECKOUT' | 'PCR0' | 'PCR1' | 'PCR2', string>>;

/** The one shell block of the section: what is run where the wallet runs, and what is run elsewhere. */
function readWalk(): readonly [there: string, elsewhere: string] {
  const section = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8').split('\n## Verify a running wallet')[1];
  const block = section?.split('\n## ')[0]?.match(/^```sh\n([\s\S]*?)^```$/m)?.[1] ?? '';
  const [there = '', elsewhere = ''] = block.split(/^# from here on .*\n/m);
  return [there, elsewhere];
}

function fillIn(text: string, blanks: Blanks): string {
  return Object.entries(blanks).reduce((filled, [blank, value]) => filled.replaceAll(blank, value), text);
}

async function runShell(folder: string, script: string) {
  const child = spawn('/usr/bin/env', ['-u', 'NODE_OPTIONS', '/bin/sh', '-c', script], { cwd: folder });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (texts.out += chunk));
  child.stderr.on('data', (chunk) => (texts.err += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

t.test('a stranger verifies a running wallet, and is told of every lie', async (t) => {
  const { stack, parties } = await openTour(t);
  const folder = makeFolder(t);
  const image = JSON.parse(readFileSync(join(stack.layout.owner, 'image.json'), 'utf8'));
  const blanks = { 'AGENT.sock': '', CHECKOUT: ROOT, PCR0: image.pcr0, PCR1: image.pcr1, PCR2: image.pcr2 };
  const [there, elsewhere] = readWalk();
  const fetched = fillIn(there, { ...blanks, 'AGENT.sock': socketOf({ stack, parties }) });
  const { out: nonce, err } = await runShell(folder, `${fetched}printf %s $NONCE`);
  t.match([nonce, err], [/^[0-9a-f]{64}$/, '']);
  t.strictSame(readdirSync(folder), ['answer.json']);
  copyFileSync(join(stack.layout.aws, NSM_ROOT_FILE), join(folder, 'root.pem'));
  await stopStack(stack);

  const walk = (extra = '--root root.pem --json', filled: Partial<Blanks> = {}) => {
    const script = fillIn(elsewhere, { ...blanks, ...filled }).trimEnd();
    return runShell(folder, `NONCE=${nonce}\n${script} ${extra}`);
  };
  const good = await walk();
  t.match([good.code, good.err], [0, ''], 'the stack is gone, the document is enough');
  t.match(JSON.parse(good.out), {
    valid: true,
    reason: null,
    document: { nonce },
    statement: { wallet: 'demo', agent: parties.agent, mode: 'development', phase: 'active', policyVersion: 1 },
  });
  t.match(await walk('--root root.pem'), {
    code: 0,
    out: /^valid\n[\s\S]*\n {2}agent: \w+\n[\s\S]*mode: development\n/,
  });
  t.match(await walk(''), { code: 1, out: /^NOT VALID: root-untrusted/ }, 'nobody takes a simulated one for AWS’s');

  const answer = readFileSync(join(folder, 'answer.json'), 'utf8');
  const genuine = JSON.parse(answer);
  const statement = decodeStatement(new Uint8Array(Buffer.from(genuine.statement, 'base64')));
  const other = Buffer.from(encodeStatement({ ...statement, agent: new Uint8Array(32).fill(7) })).toString('base64');
  const bent = Buffer.from(genuine.document, 'base64');
  bent.writeUInt8(bent.readUInt8(bent.length - 1) ^ 1, bent.length - 1);
  const rows: readonly (readonly [string, object, Partial<Blanks>, string])[] = [
    ['another image', {}, { PCR0: 'ab'.repeat(48) }, 'pcr-mismatch'],
    ['another agent in the statement', { statement: other }, {}, 'user-data-mismatch'],
    ['a bent signature', { document: bent.toString('base64') }, {}, 'document-signature'],
  ];
  for (const [name, change, filled, reason] of rows) {
    writeFileSync(join(folder, 'answer.json'), JSON.stringify({ ...genuine, ...change }));
    const { code, out } = await walk(undefined, filled);
    t.match([code, JSON.parse(out)], [1, { valid: false, reason }], name);
  }
  writeFileSync(join(folder, 'answer.json'), answer);
  const replayed = await walk(`--root root.pem --json --nonce ${'00'.repeat(32)}`);
  t.match([replayed.code, JSON.parse(replayed.out)], [1, { reason: 'nonce-mismatch' }], 'an answer to somebody else');
});
