import t from 'tap';
import { health } from '../../scripts/admin/health.ts';
import { send } from '../../scripts/admin/send.ts';
import { verify } from '../../scripts/audit/verify.ts';
import { OWNER_COMMANDS, run as runOwner } from '../../scripts/owner/main.ts';
import { run } from './owner-support.ts';

const COMMANDS = { ...OWNER_COMMANDS, send, verify, health };
const ENV = { REEVE_PROFILE: '/nowhere/owner.json' };

for (const [name, command] of Object.entries(COMMANDS)) {
  t.test(`${name} --help names every option and exits 0`, async (t) => {
    const { code, out, err } = await run(command.run, ['--help'], { env: ENV });
    t.equal(code, 0, err);
    t.ok(out.startsWith(command.spec.usage));
    t.ok(out.includes(command.spec.summary));
    for (const option of [...Object.keys(command.spec.options), 'json', 'yes', 'help'])
      t.ok(out.includes(`--${option}`), option);
  });

  t.test(`${name} --surprise is wrong use`, async (t) => {
    const { code, err, json } = await run(command.run, ['--surprise', '--json'], { env: ENV });
    t.equal(code, 2);
    t.match(json, { error: { code: 'usage', number: 5000 } });
    t.ok(err.includes(command.spec.usage));
  });
}

t.test('the list of commands, a command that does not exist', async (t) => {
  const listed = await run(runOwner, ['--help']);
  t.equal(listed.code, 0);
  for (const name of Object.keys(OWNER_COMMANDS)) t.ok(listed.out.includes(name), name);
  t.match(await run(runOwner, ['sweep']), { code: 2, out: '' });
  t.match(await run(runOwner, []), { code: 2 });
});

t.test('wrong use of one command each', async (t) => {
  const rows: readonly (readonly string[])[] = [
    ['retire'],
    ['pause', 'a', 'b'],
    ['close', 'w1', '--out'],
    ['init'],
    ['policy', 'w1'],
  ];
  for (const argv of rows) t.equal((await run(runOwner, argv, { env: ENV })).code, 2, argv.join(' '));
});

t.test('a missing profile is one message with the file', async (t) => {
  const { code, err } = await run(runOwner, ['status'], { env: ENV });
  t.equal(code, 1);
  t.match(err, /^reeve: profile-invalid: .*\/nowhere\/owner\.json/);
  t.notMatch(err, /\n\s+at /, 'no stack trace');
});
