/** The policy's limits on the audited program: shown, applied, used; drift made by hand is found and repaired; cut short anywhere it completes. */

import { generateKeyPairSigner } from '@solana/kit';
import t from 'tap';
import { pubkeyFromBase58 } from '../../policy/keys.ts';
import { deriveSpendingLimit } from '../../policy/programs/squads-addresses.ts';
import type { ConfigAction } from '../../policy/programs/squads-config.ts';
import type { Pubkey } from '../../policy/types.ts';
import { createKmsSigner } from '../../scripts/chain/kms-signer.ts';
import { sendInstructions } from '../../scripts/chain/send.ts';
import { createDevMint } from '../../scripts/dev/chain/mint.ts';
import { kmsSettings, openKms } from '../../scripts/owner/kms.ts';
import { profileFile } from '../../scripts/owner/profile.ts';
import { NO_KEY } from '../../scripts/squads/accounts.ts';
import { findLimits, readMultisig } from '../../scripts/squads/read.ts';
import { loadSdk } from '../../scripts/squads/sdk.ts';
import type { Ground } from './squads-support.ts';
import { openGround, SKIP, WALLET } from './squads-support.ts';

t.setTimeout(180_000);

const SHOP = '9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM';
const key = (address: string) => pubkeyFromBase58(address) as Pubkey;
const fresh = async () => (await generateKeyPairSigner()).address;

/** What an owner does by hand, past our commands. */
async function byHand(ground: Ground, multisig: string, ...actions: ConfigAction[]): Promise<void> {
  const { profile } = ground.machine;
  const kms = openKms(kmsSettings(profile, (path) => profileFile(profile, path), {}));
  const owner = createKmsSigner(kms, profile.keys.owner);
  const sdk = await loadSdk();
  const { transactionIndex } = await readMultisig(ground.chain, key(multisig));
  const at = {
    multisig: key(multisig),
    index: transactionIndex + 1n,
    member: key(owner.address),
    rentPayer: key(owner.address),
  };
  const touched = actions.flatMap((action) => {
    if (action.kind === 'addSpendingLimit') return [deriveSpendingLimit(key(multisig), action.createKey)];
    return action.kind === 'removeSpendingLimit' ? [action.limit] : [];
  });
  const steps = [
    sdk.createConfig(at, actions),
    sdk.createProposal(at),
    sdk.approve(at),
    sdk.executeConfig(at, touched),
  ];
  await sendInstructions(ground.chain, owner, [owner], steps);
  kms.close();
}

t.test('limits and status', { skip: SKIP }, async (t) => {
  const ground = await openGround();
  const { chain, machine, squads, ask, agent } = ground;
  const { mint } = await createDevMint({ url: chain.url });
  const created = await squads('create', WALLET);
  const multisig = String(created.json['multisig']);
  const keys = { SOL: await fresh(), USDC: await fresh() };
  const policyWith = (usdc: string) =>
    machine.policyFile({
      assets: {
        SOL: {
          windows: [
            { seconds: 86400, max: '1000000000' },
            { seconds: 604800, max: '3000000000' },
          ],
        },
        USDC: { mint, tokenProgram: 'token', decimals: 6, windows: [{ seconds: 604800, max: usdc }] },
        signatures: { windows: [{ seconds: 3600, max: '100' }] },
      },
      vaults: [
        {
          multisig,
          index: 0,
          members: 1,
          limits: Object.entries(keys).map(([asset, createKey]) => ({ createKey, asset })),
        },
      ],
    });

  await t.test('without a vault in the policy there is nothing to sync', async (t) => {
    t.match(await squads('limits', WALLET, '--sync'), { code: 1, err: /declares no vault/ });
  });

  await t.test('differences are shown first and applied after yes', async (t) => {
    const set = await machine.owner('policy', 'set', WALLET, policyWith('9000000'));
    t.equal(set.code, 0, set.err);
    const shown = await ask('no\n', 'limits', WALLET, '--sync');
    t.match(shown, { code: 1, err: /not-confirmed/ });
    t.match(shown.out, /\+ \w+ 1 SOL \(1000000000\) a day from vault 0 to 1 recipients/);
    t.match(shown.out, /9 USDC \(9000000\) a week/);
    t.match(shown.out, /worst case if the enclave itself falls: 2 SOL \(2000000000\) around one edge/);
    t.equal((await findLimits(chain, key(multisig))).length, 0);
    const applied = await squads('limits', WALLET, '--sync');
    t.equal(applied.code, 0, applied.err);
    const found = await findLimits(chain, key(multisig));
    t.strictSame(
      found.map(({ amount, period, members, destinations }) => [amount, period, members, destinations]).sort(),
      [
        [1_000_000_000n, 'day', [key(agent)], [key(SHOP)]],
        [9_000_000n, 'week', [key(agent)], [key(SHOP)]],
      ].sort(),
    );
    t.match(await squads('status', WALLET, '--check'), { code: 0, json: { drift: [] } });
    const { transactionIndex } = await readMultisig(chain, key(multisig));
    t.match(await squads('limits', WALLET, '--sync'), { code: 0 }, 'again: nothing to do');
    t.equal((await readMultisig(chain, key(multisig))).transactionIndex, transactionIndex);
  });

  await t.test('--half halves', async (t) => {
    t.match(await squads('limits', WALLET, '--sync', '--half'), { code: 0 });
    t.strictSame((await findLimits(chain, key(multisig))).map(({ amount }) => amount).sort(), [
      4_500_000n,
      500_000_000n,
    ]);
    t.match(await squads('status', WALLET, '--check'), { code: 1, json: { drift: [{ kind: 'limit-changed' }, {}] } });
    t.match(await squads('status', WALLET, '--check', '--half'), { code: 0 });
    t.match(await squads('limits', WALLET, '--sync'), { code: 0 });
  });

  await t.test('a changed window changes the limit, in one transaction and without a gap', async (t) => {
    await machine.owner('policy', 'set', WALLET, policyWith('7000000'));
    t.match(await squads('status', WALLET, '--check'), {
      code: 1,
      json: { drift: [{ kind: 'limit-changed', detail: /amount is 9000000/ }] },
    });
    const { transactionIndex } = await readMultisig(chain, key(multisig));
    t.match(await squads('limits', WALLET, '--sync'), { code: 0 });
    t.equal((await readMultisig(chain, key(multisig))).transactionIndex, transactionIndex + 1n);
    t.match(await squads('status', WALLET, '--check'), { code: 0 });
  });

  await t.test('drift made by hand is named', async (t) => {
    const [createKey, stranger] = [await fresh(), await fresh()];
    const add = {
      kind: 'addSpendingLimit',
      vaultIndex: 0,
      mint: NO_KEY,
      amount: 5n,
      period: 1,
      destinations: [],
    } as const;
    await byHand(ground, multisig, { ...add, createKey: key(createKey), members: [key(agent)] });
    await byHand(ground, multisig, { ...add, createKey: key(stranger), members: [key(stranger)] });
    await byHand(ground, multisig, { kind: 'addMember', member: { key: key(agent), permissions: 7 } });
    const { code, json } = await squads('status', WALLET, '--check');
    t.equal(code, 1);
    const kinds = (json['drift'] as unknown as { kind: string }[]).map(({ kind }) => kind).sort();
    t.strictSame([...new Set(kinds)], ['limit-extra', 'limits-stacked', 'member', 'members-counted', 'shape']);

    const synced = await squads('limits', WALLET, '--sync');
    t.match(synced, { code: 1, json: { left: [{ kind: 'extra', ours: false }] } }, 'another key’s limit stays');
    t.match(await squads('limits', WALLET, '--sync', '--all'), { code: 0, json: { left: [] } });
    await byHand(ground, multisig, { kind: 'removeMember', member: key(agent) });
    t.match(await squads('status', WALLET, '--check'), { code: 0 });
  });

  await t.test('cut short after each transaction and run again, it completes', async (t) => {
    for (const cut of [0, 1]) {
      const found = await findLimits(chain, key(multisig));
      for (const { address } of found) await byHand(ground, multisig, { kind: 'removeSpendingLimit', limit: address });
      let sent = 0;
      const fetch = globalThis.fetch;
      globalThis.fetch = ((url: string, options: { body: string }) => {
        if (String(options?.body).includes('sendTransaction')) sent += 1;
        return sent > cut ? Promise.reject(new Error('cut')) : fetch(url, options as never);
      }) as typeof fetch;
      const broken = await squads('limits', WALLET, '--sync').finally(() => {
        globalThis.fetch = fetch;
      });
      t.equal(broken.code, 1, `cut after ${cut}`);
      t.equal((await findLimits(chain, key(multisig))).length, cut);
      t.match(await squads('limits', WALLET, '--sync'), { code: 0, json: { left: [] } });
      t.equal((await findLimits(chain, key(multisig))).length, 2);
    }
  });
});
