/** An x402 `exact` payment: another fee payer, compute limit and price, TransferChecked, memo; signed by us in part, landed by the facilitator. */

import type { Address, Base64EncodedWireTransaction } from '@solana/kit';
import * as kit from '@solana/kit';
import t from 'tap';
import { createReeveSigner } from '../../../host-proxy/client.ts';
import { mintDevTokens } from '../../../scripts/dev/chain/mint.ts';
import { callChain, readBalance, readTokens } from '../../../scripts/stack/chain-calls.ts';
import { readSolBudget } from '../../../scripts/stack/tour/tour.ts';
import { importExample } from './readme.ts';
import { openTour, socketOf } from './support.ts';

t.setTimeout(60_000);

const PRICE = 2_500_000n;
const FEE_LAMPORTS = 10_001n;

interface Example {
  payExact(signer: unknown, wanted: unknown, blockhash: unknown): Promise<Base64EncodedWireTransaction>;
}

t.test('a payment the facilitator pays the fee for', async (t) => {
  const tour = await openTour(t);
  const { parties, stack } = tour;
  const rpc = kit.createSolanaRpc(stack.chainUrl);
  const facilitator = await kit.generateKeyPairSigner();
  await callChain(stack.chainUrl, 'requestAirdrop', [facilitator.address, 1_000_000_000]);
  await mintDevTokens({ url: stack.chainUrl, mint: parties.mint, owner: parties.shop, amount: 1n });
  const signer = await createReeveSigner({ socketPath: socketOf(tour) });
  const { payExact } = (await importExample(t, 'x402.ts')) as Example;
  const { value: blockhash } = await rpc.getLatestBlockhash().send();
  const want = (memo: string, feePayer: Address = facilitator.address) =>
    payExact(
      signer,
      { payTo: parties.shop, asset: parties.mint, amount: PRICE, decimals: 6, extra: { feePayer, memo } },
      blockhash,
    );
  const before = await readBalance(stack.chainUrl, parties.agent);

  for (const bytes of [1, 256]) {
    await t.test(`with a memo of ${bytes} bytes it lands`, async (t) => {
      const held = await readTokens(stack.chainUrl, parties.shop, parties.mint);
      const paid = await readBalance(stack.chainUrl, facilitator.address);
      const wire = await want('m'.repeat(bytes));
      const transaction = kit.getTransactionDecoder().decode(kit.getBase64Encoder().encode(wire));
      t.strictSame(Object.keys(transaction.signatures), [facilitator.address, parties.agent]);
      t.equal(transaction.signatures[facilitator.address], null, 'the facilitator has not signed');
      t.ok(transaction.signatures[parties.agent as Address], 'we have');
      const signed = await kit.signTransaction([facilitator.keyPair], transaction as never);
      await rpc.sendTransaction(kit.getBase64EncodedWireTransaction(signed), { encoding: 'base64' }).send();
      t.equal(await readTokens(stack.chainUrl, parties.shop, parties.mint), held + PRICE);
      t.equal(paid - (await readBalance(stack.chainUrl, facilitator.address)), FEE_LAMPORTS, 'the fee is theirs');
    });
  }

  await t.test('none of our SOL is charged, and none is gone', async (t) => {
    const { spent, unseen } = await readSolBudget(tour);
    t.equal(spent + unseen, 0n);
    t.equal(await readBalance(stack.chainUrl, parties.agent), before);
    const { assets } = await signer.budget();
    const spentOf = (name: string) => assets.find(({ asset }) => asset === name)?.windows[0]?.spent;
    t.equal(spentOf('USDC'), String(2n * PRICE));
    t.equal(spentOf('signatures'), '2');
  });

  await t.test('a memo over 256 bytes is refused, and so is a recipient nobody named', async (t) => {
    await t.rejects(want('m'.repeat(257)), { name: 'ReeveRefused', violations: [{ code: 'memo-too-long' }] });
    const stranger = { payTo: parties.stranger, asset: parties.mint, amount: PRICE, decimals: 6 };
    const asked = payExact(signer, { ...stranger, extra: { feePayer: facilitator.address, memo: 'x' } }, blockhash);
    await t.rejects(asked, { name: 'ReeveRefused', violations: [{ code: 'recipient-not-allowed' }] });
  });

  await t.test('the same payment with us as fee payer charges the fee', async (t) => {
    await want('ours', parties.agent as Address);
    t.ok((await readSolBudget(tour)).spent > 0n);
  });
});
