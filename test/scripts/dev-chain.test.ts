/** The local chain as an unmodified kit client sees it: payments, tokens, history, restart. */
import type { Address } from '@solana/kit';
import { AccountRole, fetchEncodedAccount, generateKeyPairSigner } from '@solana/kit';
import { getSetComputeUnitLimitInstruction, getSetComputeUnitPriceInstruction } from '@solana-program/compute-budget';
import { getAddMemoInstruction, LEGACY_MEMO_PROGRAM_ADDRESS_V3 } from '@solana-program/memo';
import { getCreateAccountInstruction, getTransferSolInstruction } from '@solana-program/system';
import {
  fetchMint,
  fetchToken,
  findAssociatedTokenPda,
  getCreateAssociatedTokenIdempotentInstruction,
  getInitializeMint2Instruction,
  getMintSize,
  getMintToInstruction,
  getTransferCheckedInstruction,
  TOKEN_PROGRAM_ADDRESS,
} from '@solana-program/token';
import t from 'tap';
import { createDevMint, mintDevTokens } from '../../scripts/dev/chain/mint.ts';
import { TOKEN_2022_PROGRAM } from '../../scripts/dev/chain/tokens.ts';
import { fund, makeClock, makeFolder, makeTransaction, openChain, SOL, send } from './dev-chain-support.ts';

t.test('a new chain says what it is', async (t) => {
  const { chain, rpc } = await openChain(makeFolder(t));
  t.teardown(() => chain.close());
  t.match((await rpc.getVersion().send())['solana-core'], /reeve-dev.*simulated/);
  t.equal(await rpc.getHealth().send(), 'ok');
  t.equal(await rpc.getGenesisHash().send(), chain.genesisHash);
  t.equal(await rpc.getMinimumBalanceForRentExemption(165n).send(), 2_039_280n);
  const slot = await rpc.getSlot().send();
  const epoch = await rpc.getEpochInfo().send();
  t.equal(epoch.absoluteSlot, slot);
  t.equal(epoch.epoch * epoch.slotsInEpoch + epoch.slotIndex, slot);
  t.equal(await rpc.getBlockHeight({ commitment: 'processed' }).send(), slot);
});

t.test('a payment with a memo lands, with its fee, in legacy and v0', async (t) => {
  const { chain, rpc, clock } = await openChain(makeFolder(t));
  t.teardown(() => chain.close());
  const [payer, other] = [await generateKeyPairSigner(), await generateKeyPairSigner()];
  const drop = await fund(rpc, payer);
  t.equal(
    (await rpc.getSignatureStatuses([drop]).send()).value[0]?.err,
    null,
    'an airdrop is a transaction like any other',
  );
  let left = 10n * SOL;
  for (const version of ['legacy', 0] as const) {
    const signed = await makeTransaction(
      rpc,
      payer,
      [
        getSetComputeUnitLimitInstruction({ units: 100_000 }),
        getSetComputeUnitPriceInstruction({ microLamports: 1_000_000n }),
        getTransferSolInstruction({ source: payer, destination: other.address, amount: SOL }),
        getAddMemoInstruction({ memo: `grüße ${version}` }, { programAddress: LEGACY_MEMO_PROGRAM_ADDRESS_V3 }),
      ],
      { version },
    );
    t.equal(await send(rpc, signed), signed.signature);
    const [status] = (await rpc.getSignatureStatuses([signed.signature]).send()).value;
    t.match(status, { err: null, confirmationStatus: 'finalized', status: { Ok: null } });
    left -= SOL + 105_000n;
    t.equal((await rpc.getBalance(payer.address).send()).value, left);
    const [latest] = await rpc.getSignaturesForAddress(other.address, { limit: 1 }).send();
    t.match(latest, {
      signature: signed.signature,
      err: null,
      memo: `[${Buffer.byteLength(`grüße ${version}`)}] grüße ${version}`,
    });
    t.equal(latest?.blockTime, BigInt(clock.now() / 1000));
    const found = await rpc
      .getTransaction(signed.signature, { encoding: 'base64', maxSupportedTransactionVersion: 0 })
      .send();
    t.equal(found?.transaction[0], signed.wire);
    t.equal(found?.version, version);
    t.equal(found?.meta?.fee, 105_000n);
    t.equal(found?.meta?.postBalances[0], left);
    t.ok(found?.meta?.logMessages?.some((line) => line.includes('Memo')));
  }
  t.equal((await rpc.getBalance(other.address).send()).value, 2n * SOL);
});

for (const tokenProgram of [TOKEN_PROGRAM_ADDRESS, TOKEN_2022_PROGRAM as Address]) {
  t.test(`a mint made by kit, a checked transfer and a read back under ${tokenProgram}`, async (t) => {
    const { chain, rpc } = await openChain(makeFolder(t));
    t.teardown(() => chain.close());
    const [payer, mint, other] = await Promise.all([
      generateKeyPairSigner(),
      generateKeyPairSigner(),
      generateKeyPairSigner(),
    ]);
    await fund(rpc, payer);
    const space = BigInt(getMintSize());
    const rent = await rpc.getMinimumBalanceForRentExemption(space).send();
    const config = { programAddress: tokenProgram };
    const ata = async (owner: Address) =>
      (await findAssociatedTokenPda({ mint: mint.address, owner, tokenProgram }))[0];
    const [from, to] = [await ata(payer.address), await ata(other.address)];
    const openAccount = (owner: Address, account: Address) =>
      getCreateAssociatedTokenIdempotentInstruction({ payer, owner, ata: account, mint: mint.address, tokenProgram });
    const create = await makeTransaction(rpc, payer, [
      getCreateAccountInstruction({ payer, newAccount: mint, lamports: rent, space, programAddress: tokenProgram }),
      getInitializeMint2Instruction({ mint: mint.address, decimals: 6, mintAuthority: payer.address }, config),
      openAccount(payer.address, from),
      openAccount(other.address, to),
      getMintToInstruction({ mint: mint.address, token: from, mintAuthority: payer, amount: 5_000_000n }, config),
    ]);
    await send(rpc, create);
    const move = getTransferCheckedInstruction(
      { source: from, mint: mint.address, destination: to, authority: payer, amount: 1_250_000n, decimals: 6 },
      config,
    );
    const moved = await makeTransaction(rpc, payer, [move]);
    await send(rpc, moved);
    const { value } = await rpc.getTokenAccountBalance(to).send();
    t.same(value, { amount: '1250000', decimals: 6, uiAmount: 1.25, uiAmountString: '1.25' });
    const owned = await rpc
      .getTokenAccountsByOwner(other.address, { mint: mint.address }, { encoding: 'jsonParsed' })
      .send();
    t.match(owned.value, [
      { pubkey: to, account: { data: { parsed: { info: { tokenAmount: { amount: '1250000' } } } } } },
    ]);
    const found = await rpc
      .getTransaction(moved.signature, { encoding: 'json', maxSupportedTransactionVersion: 0 })
      .send();
    t.match(found?.meta?.postTokenBalances?.map((each) => each.uiTokenAmount.amount).sort(), ['1250000', '3750000']);
    t.equal((await rpc.getTokenSupply(mint.address).send()).value.amount, '5000000');
    if (tokenProgram === TOKEN_PROGRAM_ADDRESS) {
      t.equal((await fetchMint(rpc, mint.address)).data.supply, 5_000_000n);
      t.equal((await fetchToken(rpc, to)).data.amount, 1_250_000n);
      const held = await rpc
        .getProgramAccounts(tokenProgram, { encoding: 'base64', filters: [{ dataSize: 165n }] })
        .send();
      t.same(held.map((each) => each.pubkey).sort(), [from, to].sort());
    }
  });
}

t.test('a second start resumes balances, statuses, mints, slots and unexpired blockhashes', async (t) => {
  const folder = makeFolder(t);
  const clock = makeClock();
  const first = await openChain(folder, clock);
  const [payer, other] = [await generateKeyPairSigner(), await generateKeyPairSigner()];
  await fund(first.rpc, payer);
  const paid = await makeTransaction(first.rpc, payer, [
    getTransferSolInstruction({ source: payer, destination: other.address, amount: SOL }),
  ]);
  await send(first.rpc, paid);
  const { mint } = await createDevMint({ url: first.chain.url, decimals: 2, tokenProgram: TOKEN_2022_PROGRAM });
  const { tokenAccount } = await mintDevTokens({ url: first.chain.url, mint, owner: other.address, amount: 700n });
  const kept = await makeTransaction(first.rpc, payer, [
    getTransferSolInstruction({ source: payer, destination: other.address, amount: 1n }),
  ]);
  const slot = await first.rpc.getSlot().send();
  await t.rejects(openChain(folder, clock), /cannot be opened/, 'one chain per folder');
  await first.chain.close();

  clock.pass(20_000);
  const { chain, rpc } = await openChain(folder, clock);
  t.teardown(() => chain.close());
  t.equal(chain.genesisHash, first.chain.genesisHash);
  t.equal(chain.faucet, first.chain.faucet);
  t.equal(await rpc.getSlot().send(), slot + 50n, 'slots go on while the chain is down');
  t.equal((await rpc.getBalance(other.address).send()).value, SOL);
  t.equal((await rpc.getSignatureStatuses([paid.signature]).send()).value[0]?.err, null);
  t.equal((await rpc.getTokenAccountBalance(tokenAccount as Address).send()).value.uiAmountString, '7');
  t.equal(await send(rpc, kept), kept.signature, 'signed before the restart, sent after it');
  const again = await createDevMint({ url: chain.url, decimals: 2, tokenProgram: TOKEN_2022_PROGRAM });
  t.same([again.mint, again.created], [mint, false]);
  await mintDevTokens({ url: chain.url, mint, owner: other.address, amount: 300n });
  t.equal((await rpc.getTokenAccountBalance(tokenAccount as Address).send()).value.amount, '1000');
  t.equal((await rpc.getSignaturesForAddress(other.address).send()).length, 4);
});

t.test('a trial run tells the outcome and changes nothing', async (t) => {
  const { chain, rpc } = await openChain(makeFolder(t));
  t.teardown(() => chain.close());
  const [payer, other] = [await generateKeyPairSigner(), await generateKeyPairSigner()];
  await fund(rpc, payer);
  const signed = await makeTransaction(rpc, payer, [
    getTransferSolInstruction({ source: payer, destination: other.address, amount: SOL }),
  ]);
  const accounts = { encoding: 'base64', addresses: [other.address] } as const;
  const { value } = await rpc
    .simulateTransaction(signed.wire, { encoding: 'base64', sigVerify: true, accounts })
    .send();
  t.match(value, { err: null, unitsConsumed: 150n, fee: 5000n, accounts: [{ lamports: SOL }] });
  t.equal((await rpc.getBalance(other.address).send()).value, 0n);
  const bare = Buffer.from(signed.wire, 'base64').fill(0, 1, 65).toString('base64') as typeof signed.wire;
  t.equal(
    (await rpc.simulateTransaction(bare, { encoding: 'base64' }).send()).value.err,
    null,
    'no signature is needed',
  );
  await t.rejects(rpc.simulateTransaction(bare, { encoding: 'base64', sigVerify: true }).send(), /signature/i);
  const stale = await makeTransaction(rpc, payer, [], { blockhash: '11111111111111111111111111111111' });
  const replaced = await rpc
    .simulateTransaction(stale.wire, { encoding: 'base64', replaceRecentBlockhash: true })
    .send();
  t.equal(replaced.value.err, null);
  t.equal(replaced.value.replacementBlockhash?.blockhash, (await rpc.getLatestBlockhash().send()).value.blockhash);
  t.equal((await rpc.simulateTransaction(stale.wire, { encoding: 'base64' }).send()).value.err, 'BlockhashNotFound');
});

t.test('accounts come in the encoding asked for', async (t) => {
  const { chain, rpc } = await openChain(makeFolder(t));
  t.teardown(() => chain.close());
  const payer = await generateKeyPairSigner();
  await fund(rpc, payer, 2n * SOL);
  const account = await fetchEncodedAccount(rpc, payer.address);
  t.ok(account.exists && account.lamports === 2n * SOL && account.data.length === 0);
  const sysvar = 'SysvarC1ock11111111111111111111111111111111' as Address;
  const sliced = await rpc.getAccountInfo(sysvar, { encoding: 'base64', dataSlice: { offset: 32, length: 8 } }).send();
  t.equal(
    Buffer.from(sliced.value?.data[0] ?? '', 'base64').readBigInt64LE(),
    1_800_000_000n,
    'programs read real time',
  );
  t.equal(sliced.value?.space, 40n);
  const absent = (await generateKeyPairSigner()).address;
  const many = await rpc.getMultipleAccounts([payer.address, absent], { encoding: 'base64' }).send();
  t.match(many.value, [{ lamports: 2n * SOL }, null]);
});

t.test('a fee is told before it is paid, and only while the blockhash lives', async (t) => {
  const { chain, rpc, clock } = await openChain(makeFolder(t));
  t.teardown(() => chain.close());
  const payer = await generateKeyPairSigner();
  const signed = await makeTransaction(rpc, payer, [
    {
      programAddress: LEGACY_MEMO_PROGRAM_ADDRESS_V3,
      data: Buffer.from('hi'),
      accounts: [{ address: payer.address, role: AccountRole.READONLY_SIGNER }],
    },
    getSetComputeUnitPriceInstruction({ microLamports: 1_000_000n }),
  ]);
  const message = Buffer.from(signed.wire, 'base64').subarray(65).toString('base64');
  const ask = async () =>
    (await rpc.getFeeForMessage(message as Parameters<typeof rpc.getFeeForMessage>[0]).send()).value;
  t.equal(await ask(), 5000n + 203_000n);
  clock.pass(61_000);
  t.equal(await ask(), null);
});
