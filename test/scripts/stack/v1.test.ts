/** A v1 transaction (SIMD-0385), from kit's builder through the agent's socket to the chain: its fee stands in the header, and is charged. */

import * as kit from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import t from 'tap';
import { createReeveSigner } from '../../../host-proxy/client.ts';
import { readBalance } from '../../../scripts/stack/chain-calls.ts';
import { readSolBudget } from '../../../scripts/stack/tour/tour.ts';
import { openTour, socketOf } from './support.ts';

t.setTimeout(60_000);

const AMOUNT = 1_000_000n;
const PRIORITY_FEE = 7n;
const BASE_FEE = 5_000n;

t.test('a v1 payment lands, charged to the lamport', async (t) => {
  const tour = await openTour(t);
  const { parties, stack } = tour;
  const rpc = kit.createSolanaRpc(stack.chainUrl);
  const signer = await createReeveSigner({ socketPath: socketOf(tour) });
  const { value: blockhash } = await rpc.getLatestBlockhash().send();
  const transfer = getTransferSolInstruction({
    source: signer,
    destination: kit.address(parties.shop),
    amount: AMOUNT,
  });
  const config = { computeUnitLimit: 10_000, loadedAccountsDataSizeLimit: 100_000, priorityFeeLamports: PRIORITY_FEE };
  const message = kit.pipe(
    kit.createTransactionMessage({ version: 1 }),
    (empty) => kit.setTransactionMessageFeePayerSigner(signer, empty),
    (paid) => kit.setTransactionMessageLifetimeUsingBlockhash(blockhash, paid),
    (timed) => kit.setTransactionMessageConfig(config, timed),
    (set) => kit.appendTransactionMessageInstruction(transfer, set),
  );
  const before = await readBalance(stack.chainUrl, parties.agent);
  const signed = await kit.signTransactionMessageWithSigners(message);
  await rpc.sendTransaction(kit.getBase64EncodedWireTransaction(signed), { encoding: 'base64' }).send();
  const lost = before - (await readBalance(stack.chainUrl, parties.agent));
  t.equal(lost, AMOUNT + BASE_FEE + PRIORITY_FEE);
  t.equal((await readSolBudget(tour)).spent, lost);
});
