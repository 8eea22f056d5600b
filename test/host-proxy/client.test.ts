/** The agent's library: a kit signer and a web3.js shaped wallet against a real socket. */

import { createServer } from 'node:http';
import {
  address,
  appendTransactionMessageInstruction,
  createTransactionMessage,
  generateKeyPairSigner,
  getTransactionEncoder,
  partiallySignTransactionMessageWithSigners,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  verifySignature,
} from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import t from 'tap';
import { verifyStrict } from '../../enclave/link/ed25519.ts';
import {
  createReeveSigner,
  createReeveWallet,
  ReeveApprovalNeeded,
  ReeveRefused,
  ReeveUnavailable,
} from '../../host-proxy/client.ts';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { makeKey } from '../keys.ts';
import { startFakeRpc } from './fake-rpc.ts';
import { makeApproval } from './fake-wallet.ts';
import { makeHouse } from './support.ts';

const agent = makeKey('agent alice').key;
const me = address(encodeBase58(agent));
const payee = address(encodeBase58(makeKey('payee').key));
const lifetime = { blockhash: encodeBase58(new Uint8Array(32).fill(9)) as never, lastValidBlockHeight: 100n };

t.test('client', async (t) => {
  const house = await makeHouse();
  const rpc = await startFakeRpc();
  t.teardown(async () => {
    await house.cleanUp();
    await rpc.close();
  });
  await house.startProxy({ rpc: rpc.url });
  await house.createWallet('alice');
  const socketPath = house.socket('alice');
  const signer = await createReeveSigner({ socketPath });

  const message = (lamports: bigint, feePayer: Parameters<typeof setTransactionMessageFeePayerSigner>[0] = signer) =>
    pipe(
      createTransactionMessage({ version: 0 }),
      (tx) => setTransactionMessageFeePayerSigner(feePayer, tx),
      (tx) => setTransactionMessageLifetimeUsingBlockhash(lifetime, tx),
      (tx) =>
        appendTransactionMessageInstruction(
          getTransferSolInstruction({ source: signer, destination: payee, amount: lamports }),
          tx,
        ),
    );

  const isSigned = (transaction: { messageBytes: unknown; signatures: Record<string, unknown> }) =>
    verifyStrict(transaction.signatures[me] as Uint8Array, transaction.messageBytes as Uint8Array, agent);

  t.test('kit signs with it as with any signer', async (t) => {
    t.equal(signer.address, me);
    const signed = await signTransactionMessageWithSigners(message(1n));
    t.ok(isSigned(signed));
    t.ok(getTransactionEncoder().encode(signed).length > 0);
  });

  t.test('with a foreign fee payer only its own slot is filled', async (t) => {
    const sponsor = await generateKeyPairSigner();
    const ours = await signer.signTransactions([
      await partiallySignTransactionMessageWithSigners(message(2n, sponsor)),
    ]);
    t.strictSame(Object.keys(ours[0] ?? {}), [me]);
    const signed = await signTransactionMessageWithSigners(message(2n, sponsor));
    t.ok(isSigned(signed));
    t.ok(
      await verifySignature(
        sponsor.keyPair.publicKey,
        signed.signatures[sponsor.address] as never,
        signed.messageBytes,
      ),
    );
  });

  t.test('evaluate, budget, approval, transfer', async (t) => {
    const transaction = await partiallySignTransactionMessageWithSigners(message(3n));
    t.match(await signer.evaluate([transaction]), { decision: 'allow', charges: { SOL: '5000' } });
    t.match(await signer.budget(), { stale: false, assets: [{ asset: 'SOL' }, { asset: 'USDC' }] });
    t.match(await signer.approval('ab'.repeat(16)), { state: 'pending' });
    const paid = await signer.transfer({ id: 'x', to: payee, asset: 'SOL', amount: 5n, wait: 10 });
    t.match(paid, { status: 'landed', repeated: false });
  });

  t.test('a refusal, a wait and an absence are three errors', async (t) => {
    const violations = [{ code: 'window-exceeded', detail: 'too much', remaining: '7' }];
    house.fake.script = () => ({ outcome: 'refused', violations });
    const refused = await signTransactionMessageWithSigners(message(4n)).catch((cause: unknown) => cause);
    t.ok(refused instanceof ReeveRefused && refused instanceof Error);
    t.match(refused, { name: 'ReeveRefused', code: 'policy-refused', violations });
    house.fake.script = () => ({ outcome: 'needs-approval', approval: makeApproval('pending'), violations: [] });
    const waiting = await signTransactionMessageWithSigners(message(4n)).catch((cause: unknown) => cause);
    t.ok(waiting instanceof ReeveApprovalNeeded);
    t.match(waiting, { approvalId: 'ab'.repeat(16), expiresAt: 2 });
    house.fake.script = null;
    const absent = await createReeveSigner({ socketPath: `${socketPath}.none` }).catch((cause: unknown) => cause);
    t.ok(absent instanceof ReeveUnavailable);
    t.match(absent, { code: 'connection-lost' });
  });

  t.test('an answer to something else is not taken', async (t) => {
    const liar = createServer((request, response) => {
      const answer =
        request.url === '/v1/wallet'
          ? { address: me }
          : { signatures: [encodeBase58(new Uint8Array(64).fill(1))], messageHashes: ['00'.repeat(32)] };
      response.end(JSON.stringify(answer));
    });
    const path = `${house.folder}/liar.sock`;
    await new Promise<void>((resolve) => liar.listen(path, resolve));
    t.teardown(() => liar.close());
    const fooled = await createReeveSigner({ socketPath: path });
    const transaction = await partiallySignTransactionMessageWithSigners(message(5n));
    await t.rejects(fooled.signTransactions([transaction]), { name: 'ReeveUnavailable', code: 'reply-mismatch' });
  });

  t.test('web3.js shapes, by duck typing', async (t) => {
    class PublicKey {
      readonly text: string;
      constructor(text: string) {
        this.text = text;
      }
      toBase58 = () => this.text;
      toBytes = () => agent;
      equals = (other: { toBase58(): string }) => other.toBase58() === this.text;
    }
    const real = await createReeveWallet({ socketPath, PublicKey });
    t.ok(real.publicKey instanceof PublicKey);
    const wallet = await createReeveWallet({ socketPath });
    t.equal(String(wallet.publicKey), me);
    t.same(wallet.publicKey.toBytes(), agent);
    t.ok(wallet.publicKey.equals(new PublicKey(me)));

    const { messageBytes, signatures } = await partiallySignTransactionMessageWithSigners(message(6n));
    const bytes = new Uint8Array(messageBytes as unknown as Uint8Array);
    const wire = new Uint8Array(getTransactionEncoder().encode({ messageBytes, signatures } as never));
    const versioned = {
      message: { staticAccountKeys: [new PublicKey(me)], serialize: () => bytes },
      signatures: [new Uint8Array(64)],
      serialize: () => wire,
    };
    t.equal(await wallet.signTransaction(versioned), versioned);
    t.ok(verifyStrict(versioned.signatures[0] as Uint8Array, bytes, agent));

    const slot = { publicKey: new PublicKey(me), signature: null as Uint8Array | null };
    const legacy = { signatures: [slot], serialize: () => wire, serializeMessage: () => bytes };
    t.equal((await wallet.signAllTransactions([legacy, versioned])).length, 2);
    t.ok(verifyStrict(slot.signature ?? new Uint8Array(), bytes, agent));
  });
});
