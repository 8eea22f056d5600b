/** Both shapes made on the audited program by an owner whose key is in KMS; dangerous ones are refused before anything is signed. */

import { generateKeyPairSigner } from '@solana/kit';
import t from 'tap';
import { toAddress } from '../../scripts/owner/show.ts';
import { decodeMultisig } from '../../scripts/squads/accounts.ts';
import { openGround, SKIP, WALLET } from './squads-support.ts';

t.setTimeout(120_000);

t.test('reeve squads create', { skip: SKIP }, async (t) => {
  const ground = await openGround();
  const { chain, squads, ask, owner, agent } = ground;
  const read = async (address: unknown) => {
    const account = await chain.readAccount(String(address));
    const { members, ...rest } = decodeMultisig(account as NonNullable<typeof account>);
    const named = members.map(({ key, permissions }) => [toAddress(Buffer.from(key, 'hex')), permissions]);
    return { ...rest, members: Object.fromEntries(named) };
  };

  await t.test('two of two is refused with the reason; nothing is made', async (t) => {
    const refused = await squads('create', WALLET, '--shape', 'treasury');
    t.match(refused, { code: 1, err: /squads-shape.*freezes the funds/s });
    t.equal((await chain.listSignatures(owner)).length, 1, 'only the airdrop');
  });

  await t.test('no is no', async (t) => {
    const refused = await ask('no\n', 'create', WALLET);
    t.match(refused, { code: 1, out: /threshold 1[\s\S]*owner .*: proposes, votes, executes/, err: /not-confirmed/ });
    t.equal((await chain.listSignatures(owner)).length, 1);
  });

  await t.test('spending: the owner alone, autonomous, the agent no member', async (t) => {
    const { code, json, err } = await squads('create', WALLET);
    t.equal(code, 0, err);
    const account = await read(json['multisig']);
    t.match(account, { threshold: 1, timeLock: 0, configAuthority: /^0+$/, members: { [owner]: 7 } });
    t.notOk(agent in account.members);
    t.match(await squads('create', WALLET), { code: 1, err: /has a multisig/ });
  });

  await t.test('spending with guardians: three multisigs, the owner may cancel for seven days', async (t) => {
    const guardians = await Promise.all([1, 2, 3].map(async () => (await generateKeyPairSigner()).address));
    const { code, json, err } = await squads('create', WALLET, '--again', '--guardians', guardians.join(','));
    t.equal(code, 0, err);
    const { recovery } = json as unknown as { recovery: { guardians: string; multisig: string } };
    t.match(await read(recovery.guardians), { threshold: 2 });
    t.match(await read(recovery.multisig), { threshold: 1, timeLock: 604_800, members: { [owner]: 7 } });
    t.match(await read(json['multisig']), { threshold: 1, timeLock: 0, members: { [owner]: 7 } });
  });

  await t.test('treasury: two of owner, agent without execution, recovery', async (t) => {
    const cold = (await generateKeyPairSigner()).address;
    const { code, json, err } = await squads(
      'create',
      WALLET,
      '--again',
      '--shape',
      'treasury',
      '--recovery',
      cold,
      '--time-lock',
      '3600',
    );
    t.equal(code, 0, err);
    t.match(await read(json['multisig']), {
      threshold: 2,
      timeLock: 3600,
      members: { [owner]: 7, [agent]: 3, [cold]: 7 },
    });
  });
});
