/** Another owner, another sealing key: cut at every step and done again. */

import t from 'tap';
import { cutEverywhere, done, isWell, startLeased, TIMEOUT_MS } from './interruption.ts';

t.setTimeout(TIMEOUT_MS);

t.test('rotate-owner', async (t) => {
  const place = await startLeased(t);
  const { custody } = place;
  const rotate = () => (custody.profile().keys.nextOwner === undefined ? ['--key', 'new'] : []);
  await cutEverywhere(t, place, {
    argv: () => ['rotate-owner', ...rotate()],
    again: () => done(custody.owner('rotate-owner', ...rotate())),
    async check(name) {
      t.notOk(custody.profile().keys.nextOwner, `${name}: finished`);
      await isWell(t, place, name);
    },
  });
  await custody.moveHost();
  await done(custody.owner('restore', 'w'));
  await isWell(t, place, 'from the owner’s copy');
});

t.test('reseal', async (t) => {
  const place = await startLeased(t);
  const { custody } = place;
  await cutEverywhere(t, place, {
    argv: () => ['reseal', '--seal-key', 'new'],
    again: () => done(custody.owner('reseal')),
    check: (name) => isWell(t, place, name),
  });
  await custody.moveHost();
  await done(custody.owner('restore', 'w'));
  await isWell(t, place, 'from the owner’s copy');
});
