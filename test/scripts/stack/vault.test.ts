/** Payments out of Squads vaults through a whole stack, on the audited program: within limits, beyond them, voted on, revoked. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPairSigner } from '@solana/kit';
import t from 'tap';
import { pubkeyFromBase58 } from '../../../policy/keys.ts';
import type { Pubkey } from '../../../policy/types.ts';
import { openChain } from '../../../scripts/chain/rpc.ts';
import { sendInstructions } from '../../../scripts/chain/send.ts';
import { createDevMint, mintDevTokens } from '../../../scripts/dev/chain/mint.ts';
import { loadSquads, programsFolder } from '../../../scripts/dev/programs.ts';
import { readProfile } from '../../../scripts/owner/profile.ts';
import { toAddress } from '../../../scripts/owner/show.ts';
import { readSeen } from '../../../scripts/squads/commands/status.ts';
import { settleConfig } from '../../../scripts/squads/config.ts';
import { run as runSquads } from '../../../scripts/squads/main.ts';
import { readMultisig, readProposed } from '../../../scripts/squads/read.ts';
import { loadSdk } from '../../../scripts/squads/sdk.ts';
import { readBalance, readTokens } from '../../../scripts/stack/chain-calls.ts';
import { DEMO_WALLET } from '../../../scripts/stack/layout.ts';
import { runJson } from '../../../scripts/stack/owner.ts';
import { profilePath } from '../../../scripts/stack/setup.ts';
import type { Payment, Tour } from '../../../scripts/stack/tour/tour.ts';
import { call, lease, mustBeOwner, pay, owner as runOwner } from '../../../scripts/stack/tour/tour.ts';
import { openTour } from './support.ts';

t.setTimeout(240_000);

const skip = loadSquads(programsFolder(process.env)) === null ? 'no audited Squads program in the cache' : false;
const TOKEN_2022 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';
const key = (address: string) => pubkeyFromBase58(address) as Pubkey;
const fresh = async () => (await generateKeyPairSigner()).address as string;

async function openVaults(tour: Tour) {
  const url = tour.stack.chainUrl;
  const chain = openChain(url);
  const profile = readProfile(profilePath(tour.stack));
  const ownerAddress = toAddress(Buffer.from(profile.keys.owner.publicKey, 'hex'));
  await chain.call('requestAirdrop', [ownerAddress, 50_000_000_000]);
  const squads = (...argv: string[]) =>
    runJson(runSquads, [...argv, '--profile', profilePath(tour.stack), '--rpc', url]);
  const must = async (...argv: string[]) => {
    const { code, value, text } = await squads(...argv);
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${text}`);
    return value;
  };
  const { mint: newMint } = await createDevMint({ url, name: 'pyusd-dev', tokenProgram: TOKEN_2022 });
  const keys = { SOL: await fresh(), USDC: await fresh(), PYUSD: await fresh() };

  /** Puts a policy in force that declares the vault of `multisig`, and funds the vault. */
  const declare = async (multisig: string, vault: string, more: object) => {
    const { document } = (await call(tour, 'GET', '/v1/policy')).body as { document: Record<string, unknown> };
    const limits = Object.entries(keys).map(([asset, createKey]) => ({ asset, createKey }));
    const assets = document['assets'] as Record<string, object>;
    const wide = { extensions: [], windows: [{ seconds: 86400, max: '200000000' }] };
    const usdc = { ...assets['USDC'], approvalAbove: '40000000' };
    const next = {
      ...document,
      assets: { ...assets, USDC: usdc, PYUSD: { mint: newMint, tokenProgram: 'token-2022', decimals: 6, ...wide } },
      programs: {
        system: ['transfer'],
        token: ['transferChecked'],
        'token-2022': ['transferChecked'],
        'associated-token': ['createIdempotent'],
      },
      vaults: [{ multisig, index: 0, members: 3, limits, ...more }],
      fees: { perTransaction: '100000', rentPerTransaction: '12000000', rentPerByte: '6960' },
      lease: {
        maxSeconds: 3600,
        slice: { SOL: '1500000000', USDC: '100000000', PYUSD: '100000000', signatures: '250' },
      },
    };
    const file = join(tour.stack.layout.owner, `vault-${multisig}.json`);
    writeFileSync(file, JSON.stringify(next));
    await mustBeOwner(tour, 'policy', 'set', DEMO_WALLET, file);
    await lease(tour);
    await chain.call('requestAirdrop', [vault, 20_000_000_000]);
    for (const mint of [tour.parties.mint, newMint])
      await mintDevTokens({ url, mint, owner: vault, amount: 1_000_000_000n });
  };
  return { chain, url, squads, must, newMint, declare };
}

t.test('the spending shape', { skip }, async (t) => {
  const tour = await openTour(t);
  const { shop, mint, agent, stranger } = tour.parties;
  const { chain, url, squads, must, newMint, declare } = await openVaults(tour);
  const { multisig, vault } = (await must('create', DEMO_WALLET)) as { multisig: string; vault: string };
  await declare(multisig, vault, {});
  const from = (payment: Payment) => pay(tour, { ...payment, from: vault } as Payment);

  await t.test('without limits on chain the payment fails there; the owner’s tools name the drift', async (t) => {
    t.match(await squads('status', DEMO_WALLET, '--check'), {
      code: 1,
      value: { drift: [{ kind: 'limit-missing' }, {}, {}] },
    });
    await must('limits', DEMO_WALLET, '--sync');
    t.match(await squads('status', DEMO_WALLET, '--check'), { code: 0 });
  });

  await t.test('SOL, SPL Token and Token-2022 from the vault, token accounts made on the way', async (t) => {
    const float = await readBalance(url, agent);
    const before = await readBalance(url, vault);
    const rows: [string, string, string][] = [
      ['sol', 'SOL', '250000000'],
      ['usdc', 'USDC', '1500000'],
      ['pyusd', 'PYUSD', '2500000'],
    ];
    for (const [id, asset, amount] of rows) {
      const { status, body } = await from({ id, to: shop, asset, amount });
      t.match([status, body['status']], [200, 'landed'], JSON.stringify(body));
      t.ok((body['charges'] as Record<string, string>)[asset] !== undefined, 'charged');
      const cost = await chain.readTransaction(String(body['signature']));
      t.comment(`${asset}: ${cost?.units} units, ${cost?.fee} lamports, ${cost?.wire.length} bytes`);
    }
    t.equal(await readBalance(url, shop), 250_000_000n);
    t.equal(await readTokens(url, shop, mint), 1_500_000n);
    t.equal(await readTokens(url, shop, newMint), 2_500_000n);
    t.equal(before - (await readBalance(url, vault)), 250_000_000n, 'the vault paid the SOL');
    t.ok(float - (await readBalance(url, agent)) < 5_000_000n, 'the float paid fees and rent only');
    t.match((await from({ id: 'sol', to: shop, asset: 'SOL', amount: '250000000' })).body, { repeated: true });
    t.match(await from({ id: 'sol', to: stranger, asset: 'SOL', amount: '250000000' }), { status: 409 });
  });

  await t.test('a stranger, a foreign vault and too much are refused', async (t) => {
    t.match(await from({ id: 'x1', to: stranger, asset: 'SOL', amount: '1' }), {
      status: 403,
      body: { violations: [{ code: 'recipient-not-allowed' }] },
    });
    const foreign = await pay(tour, { id: 'x2', to: shop, asset: 'SOL', amount: '1', from: shop } as Payment);
    t.match(foreign, { status: 422, body: { code: 'vault-unknown' } });
    t.match(await from({ id: 'x3', to: shop, asset: 'SOL', amount: '1500000000' }), {
      status: 403,
      body: { violations: [{ code: 'per-transaction-exceeded' }, {}] },
    });
    t.match(
      await from({ id: 'x4', to: shop, asset: 'SOL', amount: '600000000' }),
      { status: 202 },
      'above: the owner is asked',
    );
  });

  await t.test(
    'the owner is asked, pays out of the vault, once, and the waiting agent has the signature',
    async (t) => {
      const big = { id: 'laptop', to: shop, asset: 'USDC', amount: '45000000' };
      const asked = await from(big);
      t.equal(asked.status, 202, JSON.stringify(asked.body));
      const { id } = asked.body['approval'] as { id: string };
      const waiting = call(tour, 'GET', `/v1/approvals/${id}?wait=60`);
      const held = await readTokens(url, shop, mint);
      const { transactionIndex } = await readMultisig(chain, key(multisig));
      const approve = () => runOwner(tour, 'approve', id, '--wallet', DEMO_WALLET, '--rpc', url);

      const fetch = globalThis.fetch;
      let sent = 0;
      globalThis.fetch = ((place: string, options: { body: string }) => {
        if (sent > 0) return Promise.reject(new Error('cut'));
        if (String(options?.body).includes('sendTransaction')) sent += 1;
        return fetch(place, options as never);
      }) as typeof fetch;
      const cut = await approve().finally(() => {
        globalThis.fetch = fetch;
      });
      t.equal(cut.code, 1, 'cut off right after it was sent');

      const done = await approve();
      t.equal(done.code, 0, done.text);
      t.match((await waiting).body, { state: 'paid', signature: done.value['signature'] });
      t.equal((await readTokens(url, shop, mint)) - held, 45_000_000n, 'paid once');
      t.equal((await readMultisig(chain, key(multisig))).transactionIndex, transactionIndex + 1n);
      t.match((await from(big)).body, { status: 'landed', signature: done.value['signature'], repeated: true });
      t.equal((await readTokens(url, shop, mint)) - held, 45_000_000n, 'asked again: nothing more');
      t.match(await call(tour, 'GET', '/v1/transfers/laptop'), { status: 200, body: { status: 'landed' } });
      t.not((await approve()).code, 0, 'an approval that has ended');
      t.match(await squads('status', DEMO_WALLET, '--check'), { code: 0 });
    },
  );

  await t.test('revoked in one transaction: the chain refuses what the enclave still signs', async (t) => {
    const newest = (await readMultisig(chain, key(multisig))).transactionIndex;
    await must('revoke', DEMO_WALLET);
    t.equal((await readMultisig(chain, key(multisig))).transactionIndex, newest + 1n);
    const paid = await from({ id: 'late', to: shop, asset: 'SOL', amount: '1000' });
    t.not(paid.body['status'], 'landed', JSON.stringify(paid.body));
    t.match(await squads('revoke', DEMO_WALLET), { code: 0, value: { revoked: 0 } });
  });
});

t.test('the treasury shape', { skip }, async (t) => {
  const tour = await openTour(t);
  const { shop, mint, agent } = tour.parties;
  const { chain, url, squads, must, declare } = await openVaults(tour);
  const recovery = await generateKeyPairSigner();
  await chain.call('requestAirdrop', [recovery.address, 5_000_000_000]);
  const made = await must('create', DEMO_WALLET, '--shape', 'treasury', '--recovery', recovery.address);
  const { multisig, vault } = made as { multisig: string; vault: string };
  const propose = { assets: { SOL: '10000000000', USDC: '500000000' }, recipients: ['shop'], approve: true };
  await declare(multisig, vault, { propose });
  const from = (payment: Payment) => pay(tour, { ...payment, from: vault } as Payment);
  const sdk = await loadSdk();

  await t.test('the owner proposes the limits, the recovery key votes and executes', async (t) => {
    const synced = await squads('limits', DEMO_WALLET, '--sync');
    t.match(synced, { code: 1, value: { changes: [{ kind: 'proposed' }, {}, {}] } });
    const again = await squads('limits', DEMO_WALLET, '--sync');
    const indexes = (again.value['changes'] as { index: string }[]).map(({ index }) => BigInt(index));
    t.strictSame(indexes, [1n, 2n, 3n], 'run again it proposes nothing twice');
    for (const index of indexes) {
      const { transaction } = await readProposed(chain, key(multisig), index);
      if (transaction.kind !== 'config') throw new Error('not a config transaction');
      const at = { multisig: key(multisig), index, member: key(recovery.address), rentPayer: key(recovery.address) };
      const account = await readMultisig(chain, key(multisig));
      const steps = [sdk.approve(at), ...settleConfig(sdk, at, account, transaction.actions)];
      await sendInstructions(chain, recovery, [recovery], steps);
    }
    t.match(await squads('status', DEMO_WALLET, '--check'), { code: 0 });
  });

  await t.test('within the limit: paid at once', async (t) => {
    const { body } = await from({ id: 'small', to: shop, asset: 'SOL', amount: '100000000' });
    t.match(body, { status: 'landed', proposal: undefined });
  });

  for (const [id, asset, amount] of [
    ['big', 'SOL', '5000000000'],
    ['tokens', 'USDC', '300000000'],
  ] as const) {
    await t.test(
      `beyond it: ${asset} is proposed with the agent’s vote, the owner reads, approves, executes`,
      async (t) => {
        const { status, body } = await from({ id, to: shop, asset, amount });
        t.match([status, body['status']], [200, 'landed'], JSON.stringify(body));
        const { index } = body['proposal'] as { index: string };
        const before = asset === 'SOL' ? await readBalance(url, shop) : await readTokens(url, shop, mint);
        const seen = await readSeen(chain, key(multisig));
        t.match(seen.proposals.at(-1), { state: 'active', approved: [key(agent)] });
        const approved = await squads('approve', DEMO_WALLET, index);
        t.equal(approved.code, 0, approved.text);
        t.match(approved.text, asset === 'SOL' ? /send 5 SOL/ : /send 300 USDC/);
        const after = asset === 'SOL' ? await readBalance(url, shop) : await readTokens(url, shop, mint);
        t.equal(after - before, BigInt(amount));
        const rent = await chain.readTransaction(String(approved.value['signature']));
        t.comment(`approve and execute: ${rent?.units} units`);
        t.match(await squads('approve', DEMO_WALLET, index), { code: 1 }, 'once');
        t.match(await squads('status', DEMO_WALLET, '--check'), { code: 0 }, 'nothing is left approved');
      },
    );
  }

  await t.test('more than may be proposed is refused', async (t) => {
    const { status, body } = await from({ id: 'huge', to: shop, asset: 'SOL', amount: '11000000000' });
    t.match([status, body], [403, { violations: [{ code: 'proposal-exceeded' }] }]);
  });
});
