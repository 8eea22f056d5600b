/** Nothing that passes the decoder ends the process: real transactions, changed at random, run on LiteSVM. And the lifetime of nonces. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Nonce } from '@solana/kit';
import {
  appendTransactionMessageInstruction,
  createTransactionMessage,
  generateKeyPairSigner,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingDurableNonce,
  signTransactionMessageWithSigners,
} from '@solana/kit';
import {
  fetchNonce,
  getCreateAccountInstruction,
  getInitializeNonceAccountInstruction,
  getNonceSize,
  getTransferSolInstruction,
  SYSTEM_PROGRAM_ADDRESS,
} from '@solana-program/system';
import fc from 'fast-check';
import t from 'tap';
import { createBank } from '../../scripts/dev/chain/bank.ts';
import { openFaucet } from '../../scripts/dev/chain/faucet.ts';
import { toRpcError } from '../../scripts/dev/chain/faults.ts';
import { createSlots } from '../../scripts/dev/chain/slots.ts';
import { openChainStore } from '../../scripts/dev/chain/store.ts';
import type { WireTransaction } from '../../scripts/dev/chain/wire.ts';
import { decodeWireMessage, decodeWireTransaction } from '../../scripts/dev/chain/wire.ts';
import { fund, makeClock, makeFolder, makeTransaction, openChain, SOL, send } from './dev-chain-support.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const VECTORS = join(
  process.env['REEVE_VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors'),
  'transactions',
);
const skip = existsSync(VECTORS) ? false : 'vectors are absent';

function readVectors(folder: string, suffix: string): [string, Uint8Array][] {
  const names = readdirSync(folder).filter((name) => name.endsWith(suffix));
  return names.map((name) => [name, Uint8Array.from(Buffer.from(readFileSync(join(folder, name), 'utf8'), 'base64'))]);
}

function tryDecode(bytes: Uint8Array): WireTransaction | null {
  try {
    return decodeWireTransaction(bytes);
  } catch (error) {
    if (toRpcError(error).code !== -32602) throw error;
    return null;
  }
}

t.test('real transactions are decoded, malformed messages are not', { skip }, async (t) => {
  const real = readVectors(VECTORS, '.tx.b64');
  t.ok(real.length >= 24, `${real.length} real transactions`);
  for (const [name, bytes] of real) t.ok(tryDecode(bytes), name);
  const malformed = readVectors(join(VECTORS, 'malformed'), '.b64').filter(([name]) => !name.includes('-ok-'));
  t.ok(malformed.length >= 12, `${malformed.length} malformed messages`);
  for (const [name, bytes] of malformed) t.throws(() => decodeWireMessage(bytes), /deserialize/, name);
});

t.test('changed transactions are refused or run, and never end the process', { skip }, async (t) => {
  const seeds = readVectors(VECTORS, '.tx.b64').map(([, bytes]) => bytes);
  const owners = new Set(seeds.flatMap((bytes) => tryDecode(bytes)?.message.accounts ?? []));
  const bank = createBank([], 0n);
  const blank = { lamports: 1000n * SOL, owner: SYSTEM_PROGRAM_ADDRESS, executable: false, data: new Uint8Array() };
  for (const address of owners) if (bank.readAccount(address) === null) bank.writeAccount({ ...blank, address });
  const seen = { refused: 0, ran: 0 };
  const change = fc.record({
    seed: fc.nat(seeds.length - 1),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.boolean()), { minLength: 1, maxLength: 3 }),
  });
  const property = fc.property(change, ({ seed, edits }) => {
    const bytes = Uint8Array.from(seeds[seed] ?? []);
    const messageStart = 1 + 64 * ((bytes[0] ?? 0) & 0x7f);
    for (const [where, value, inHeader] of edits)
      bytes[inHeader ? (messageStart + (where % 8)) % bytes.length : where % bytes.length] = value;
    const wire = tryDecode(bytes);
    if (wire === null) {
      seen.refused++;
      return;
    }
    bank.simulate(wire, false);
    seen.ran++;
  });
  fc.assert(property, { numRuns: Math.ceil(100_000 * SCALE), seed: 7 });
  t.ok(seen.refused > 100 && seen.ran > 100, JSON.stringify(seen));
});

t.test('a nonce transaction outlives blockhashes and runs once', async (t) => {
  const { chain, rpc, clock } = await openChain(makeFolder(t));
  t.teardown(() => chain.close());
  const [payer, account, other] = await Promise.all([
    generateKeyPairSigner(),
    generateKeyPairSigner(),
    generateKeyPairSigner(),
  ]);
  await fund(rpc, payer);
  const space = getNonceSize();
  const rent = await rpc.getMinimumBalanceForRentExemption(BigInt(space)).send();
  const create = getCreateAccountInstruction({
    payer,
    newAccount: account,
    lamports: rent,
    space,
    programAddress: SYSTEM_PROGRAM_ADDRESS,
  });
  const open = getInitializeNonceAccountInstruction({ nonceAccount: account.address, nonceAuthority: payer.address });
  await send(rpc, await makeTransaction(rpc, payer, [create, open]));
  const read = async () => (await fetchNonce(rpc, account.address)).data.blockhash as string as Nonce;
  const nonce = await read();
  const lifetime = { nonce, nonceAccountAddress: account.address, nonceAuthorityAddress: payer.address };
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (empty) => setTransactionMessageFeePayerSigner(payer, empty),
    (paid) => setTransactionMessageLifetimeUsingDurableNonce(lifetime, paid),
    (timed) =>
      appendTransactionMessageInstruction(
        getTransferSolInstruction({ source: payer, destination: other.address, amount: SOL }),
        timed,
      ),
  );
  const transaction = await signTransactionMessageWithSigners(message);
  const signed = {
    wire: getBase64EncodedWireTransaction(transaction),
    signature: getSignatureFromTransaction(transaction),
  };
  clock.pass(3_600_000);
  t.equal(await send(rpc, signed), signed.signature);
  t.not(await read(), nonce, 'the nonce has moved on');
  await t.rejects(send(rpc, signed), 'not a second time');
  t.equal((await rpc.getBalance(other.address).send()).value, SOL);
});

t.test('a transaction that cannot be written down has not happened', async (t) => {
  const clock = makeClock();
  const store = openChainStore(makeFolder(t));
  t.teardown(() => store.close());
  const genesis = { seed: new Uint8Array(32), time: clock.now(), slot: 1000n };
  const slots = createSlots({ genesis, now: clock.now, lastSlot: 0n, issued: [], onIssue: () => undefined });
  const full = () => {
    throw new Error('disk full');
  };
  const bank = createBank([], 0n);
  const faucet = await openFaucet({ bank, slots, store, now: clock.now });
  const broken = await openFaucet({ bank, slots, store: { ...store, recordTransaction: full }, now: clock.now });
  const { address } = await generateKeyPairSigner();
  const before = bank.readAccount(faucet.address)?.lamports;
  await t.rejects(broken.giveLamports(address, SOL), /disk full/);
  t.equal(bank.readAccount(address), null);
  t.equal(bank.readAccount(faucet.address)?.lamports, before);
  await faucet.giveLamports(address, SOL);
  t.equal(bank.readAccount(address)?.lamports, SOL);
});
