/** What the local chain refuses, and how: the errors of a node, by number, and never a crash. */
import type { Signature } from '@solana/kit';
import {
  generateKeyPairSigner,
  getBase58Decoder,
  isSolanaError,
  SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM,
  SOLANA_ERROR__JSON_RPC__INVALID_PARAMS,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_TRANSACTION_SIGNATURE_VERIFICATION_FAILURE,
  SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED,
  SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND,
  SOLANA_ERROR__TRANSACTION_ERROR__INSUFFICIENT_FUNDS_FOR_RENT,
} from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import t from 'tap';
import { startDevChain } from '../../scripts/dev/chain/chain.ts';
import type { Rpc, Signed } from './dev-chain-support.ts';
import { call, fund, makeFolder, makeTransaction, openChain, post, SOL, send } from './dev-chain-support.ts';

const { chain, clock, faults, rpc } = await openChain(makeFolder(t));
const [payer, other] = [await generateKeyPairSigner(), await generateKeyPairSigner()];
await fund(rpc, payer);
t.teardown(() => chain.close());

const pay = (amount: bigint, options?: Parameters<typeof makeTransaction>[3]) =>
  makeTransaction(
    rpc,
    payer,
    [getTransferSolInstruction({ source: payer, destination: other.address, amount })],
    options,
  );
const balance = async () => (await rpc.getBalance(payer.address).send()).value;
const status = async (signature: Signature) => (await rpc.getSignatureStatuses([signature]).send()).value[0];

async function refusal(target: Rpc, signed: Signed): Promise<{ code: unknown; cause: unknown; logs: unknown }> {
  const error: unknown = await send(target, signed).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isSolanaError(error)) return { code: error, cause: null, logs: null };
  const { cause } = error;
  const logs = (error.context as { logs?: unknown }).logs;
  return { code: error.context.__code, cause: isSolanaError(cause) ? cause.context.__code : cause, logs };
}

const PREFLIGHT = SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE;

t.test('a payment beyond the balance is refused with logs and costs nothing', async (t) => {
  const before = await balance();
  const { code, cause, logs } = await refusal(rpc, await pay(100n * SOL));
  t.same([code, cause], [PREFLIGHT, SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM]);
  t.match(logs, [/invoke/, /insufficient lamports/, /failed/]);
  t.equal(await balance(), before);
});

t.test('sent without preflight it lands as failed and costs its fee', async (t) => {
  const before = await balance();
  const signed = await pay(100n * SOL);
  t.equal(await send(rpc, signed, true), signed.signature);
  t.equal(await balance(), before - 5000n);
  t.match(await status(signed.signature), { err: { InstructionError: [0n, { Custom: 1 }] } });
  const [latest] = await rpc.getSignaturesForAddress(payer.address, { limit: 1 }).send();
  t.match(latest, { signature: signed.signature, err: { InstructionError: [0, { Custom: 1 }] } });
});

t.test('a gift below the rent minimum is refused', async (t) => {
  const { code, cause } = await refusal(rpc, await pay(1n));
  t.same([code, cause], [PREFLIGHT, SOLANA_ERROR__TRANSACTION_ERROR__INSUFFICIENT_FUNDS_FOR_RENT]);
});

t.test('the same transaction twice runs once', async (t) => {
  const signed = await pay(SOL);
  await send(rpc, signed);
  const before = await balance();
  const { code, cause } = await refusal(rpc, signed);
  t.same([code, cause], [PREFLIGHT, SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED]);
  t.equal(
    await send(rpc, signed, true),
    signed.signature,
    'without preflight the answer is the signature, as from a node',
  );
  t.equal(await balance(), before);
});

t.test('the same payment on the next blockhash is another transaction', async (t) => {
  const first = await pay(SOL);
  await send(rpc, first);
  const second = await pay(SOL);
  t.not(second.signature, first.signature);
  t.equal(await send(rpc, second), second.signature);
});

t.test('a blockhash lives for 150 slots and not one more', async (t) => {
  const { value } = await rpc.getLatestBlockhash().send();
  t.equal(value.lastValidBlockHeight, (await rpc.getBlockHeight().send()) + 150n);
  const { blockhash } = value;
  clock.pass(150 * 400);
  t.equal((await rpc.isBlockhashValid(blockhash).send()).value, true);
  const signed = await pay(SOL, { blockhash });
  await send(rpc, signed);
  const late = await pay(2n * SOL, { blockhash });
  clock.pass(400);
  t.equal((await rpc.isBlockhashValid(blockhash).send()).value, false);
  const { code, cause } = await refusal(rpc, late);
  t.same([code, cause], [PREFLIGHT, SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND]);
  t.equal(await send(rpc, late, true), late.signature);
  t.equal(await status(late.signature), null, 'dropped silently without preflight');
  t.equal((await status(signed.signature))?.err, null, 'what landed stays landed');
});

t.test('many transactions may share one blockhash', async (t) => {
  const { blockhash } = (await rpc.getLatestBlockhash().send()).value;
  const signed = await Promise.all(Array.from({ length: 200 }, (_, index) => pay(BigInt(1000 + index), { blockhash })));
  const results = await Promise.all(signed.map((each) => send(rpc, each)));
  t.same(
    results,
    signed.map((each) => each.signature),
  );
});

t.test('equal gifts asked for at once are all given', async (t) => {
  const { address } = await generateKeyPairSigner();
  const drops = await Promise.all(
    Array.from({ length: 20 }, () => call(chain.url, 'requestAirdrop', [address, Number(SOL)])),
  );
  t.equal(new Set(drops.map((each) => each.result)).size, 20);
  t.equal((await rpc.getBalance(address).send()).value, 20n * SOL);
});

t.test('a clock that steps back does not take slots back', async (t) => {
  const slot = await rpc.getSlot().send();
  clock.pass(-60_000);
  t.equal(await rpc.getSlot().send(), slot);
  clock.pass(60_400);
  t.equal(await rpc.getSlot().send(), slot + 1n);
});

t.test('wrong and missing signatures', async (t) => {
  const code = SOLANA_ERROR__JSON_RPC__SERVER_ERROR_TRANSACTION_SIGNATURE_VERIFICATION_FAILURE;
  for (const flip of [
    (bytes: Buffer) => bytes.fill(0, 1, 65),
    (bytes: Buffer) => bytes.writeUInt8((bytes[5] ?? 0) ^ 1, 5),
  ]) {
    const signed = await pay(SOL);
    const bytes = Buffer.from(signed.wire, 'base64');
    flip(bytes);
    const wire = bytes.toString('base64') as Signed['wire'];
    t.equal((await refusal(rpc, { ...signed, wire })).code, code);
  }
});

t.test('bytes that are no transaction', async (t) => {
  const good = Buffer.from((await pay(SOL)).wire, 'base64');
  const change = (offset: number, value: number) => {
    const bytes = Buffer.from(good);
    bytes[offset] = value;
    return bytes;
  };
  const MESSAGE = 65;
  const rows: [string, Buffer, RegExp][] = [
    ['empty', Buffer.alloc(0), /not a transaction|not canonical|number of/],
    ['zeros', Buffer.alloc(300), /deserialize/],
    ['noise', Buffer.from('no transaction at all'), /deserialize/],
    ['cut short', good.subarray(0, good.length - 1), /not canonical/],
    ['a byte too many', Buffer.concat([good, Buffer.alloc(1)]), /not canonical/],
    ['unknown version', change(MESSAGE, 0x82), /not a transaction/],
    ['more signers than accounts', change(MESSAGE + 1, 99), /deserialize/],
    ['no writable payer', change(MESSAGE + 2, 1), /no writable fee payer/],
    ['readonly accounts beyond the list', change(MESSAGE + 3, 200), /more accounts than there are/],
    ['too large', Buffer.concat([good, Buffer.alloc(1232)]), /too large: \d+ bytes \(max: 1232 bytes\)/],
    ['too large for v1', Buffer.alloc(4097, 0x81), /too large: 4097 bytes \(max: 4096 bytes\)/],
  ];
  for (const [name, bytes, message] of rows) {
    for (const [encoding, text] of [
      ['base64', bytes.toString('base64')],
      ['base58', getBase58Decoder().decode(bytes.subarray(0, 1300))],
    ]) {
      if (encoding === 'base58' && bytes.length > 1300) continue;
      const { error } = await call(chain.url, 'sendTransaction', [text, { encoding }]);
      t.equal(error?.code, -32602, `${name} in ${encoding}`);
      t.match(error?.message, message, name);
    }
  }
  t.equal(await rpc.getHealth().send(), 'ok');
});

t.test('parameters that are not what the method takes', async (t) => {
  const wire = (await pay(SOL)).wire;
  const rows: [string, unknown][] = [
    ['getBalance', []],
    ['getBalance', ['not an address']],
    ['getBalance', [payer.address, { commitment: 'soon' }]],
    ['getBalance', { address: payer.address }],
    ['getBalance', [payer.address, []]],
    ['getAccountInfo', [payer.address, { encoding: 'rot13' }]],
    ['getAccountInfo', ['SysvarC1ock11111111111111111111111111111111', { dataSlice: { offset: -1, length: 1 } }]],
    ['getMultipleAccounts', [Array(101).fill(payer.address)]],
    ['getTokenAccountBalance', [payer.address]],
    ['getTokenAccountsByOwner', [payer.address, { programId: payer.address }]],
    ['getProgramAccounts', [payer.address, { filters: [{ memcmp: { offset: 0, bytes: '0OIl' } }] }]],
    ['getSignatureStatuses', [['short']]],
    ['getMinimumBalanceForRentExemption', [1.5]],
    ['getMinimumBalanceForRentExemption', ['165']],
    ['requestAirdrop', [payer.address, -1]],
    ['requestAirdrop', [payer.address, 10 ** 15 + 1]],
    ['sendTransaction', [wire]],
    ['sendTransaction', [wire, { encoding: 'base64+zstd' }]],
    ['sendTransaction', [`${wire}\n`, { encoding: 'base64' }]],
    ['sendTransaction', [wire, { encoding: 'base64', skipPreflight: 'yes' }]],
    ['sendTransaction', ['A'.repeat(9000), { encoding: 'base64' }]],
    ['simulateTransaction', [wire, { encoding: 'base64', sigVerify: true, replaceRecentBlockhash: true }]],
    ['getFeeForMessage', ['AAAA']],
    ['dev_createMint', [{ name: '../x' }]],
    ['dev_createMint', [{ tokenProgram: payer.address }]],
    ['dev_mintTo', [{ mint: payer.address, owner: payer.address, amount: '1' }]],
  ];
  for (const [method, params] of rows) {
    const { error, result } = await call(chain.url, method, params);
    t.equal(error?.code, -32602, `${method} ${JSON.stringify(params).slice(0, 60)}`);
    t.equal(result, undefined);
  }
  const error: unknown = await rpc
    .getBalance('nope' as typeof payer.address)
    .send()
    .catch((reason: unknown) => reason);
  t.ok(isSolanaError(error, SOLANA_ERROR__JSON_RPC__INVALID_PARAMS));
});

t.test('what is not JSON-RPC', async (t) => {
  const rows: [string, number][] = [
    ['not json', -32700],
    ['', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"getSlot"', -32700],
    ['[]', -32600],
    ['42', -32600],
    ['{"id":1,"method":"getSlot"}', -32600],
    ['{"jsonrpc":"2.0","method":"getSlot"}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"getSlot"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"constructor"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"getBlock","params":[1]}', -32601],
  ];
  for (const [body, code] of rows) {
    const { status: http, json } = await post(chain.url, body);
    t.match([http, json.error.code, json.jsonrpc], [200, code, '2.0'], body);
  }
  t.equal((await post(chain.url, '{}', 'text/plain')).status, 415);
  t.equal((await fetch(chain.url)).status, 405);
  t.equal((await post(chain.url, 'x'.repeat(600 * 1024))).status, 413);
});

t.test('a batch is answered in order, each request on its own', async (t) => {
  const request = (id: unknown, method: string, params: unknown[] = []) => ({ jsonrpc: '2.0', id, method, params });
  const batch = [request('a', 'getHealth'), request(2, 'nothing'), 7, request(null, 'getBalance', [payer.address])];
  const { json } = await post(chain.url, JSON.stringify(batch));
  t.match(json, [
    { id: 'a', result: 'ok' },
    { id: 2, error: { code: -32601 } },
    { id: null, error: { code: -32600 } },
    { id: null },
  ]);
  t.type(json[3].result.value, 'number');
});

t.test('numbers keep their 64 bits, and a slot not reached is said', async (t) => {
  const { value } = await rpc.getAccountInfo(payer.address, { encoding: 'base64' }).send();
  t.equal(value && 'rentEpoch' in value ? value.rentEpoch : null, 2n ** 64n - 1n);
  const { error } = await call(chain.url, 'getSlot', [{ minContextSlot: 2 ** 40 }]);
  t.match(error, { code: -32016, data: { contextSlot: /^\d+$/ } });
});

t.test('a taken port is told, and the folder is free again', async (t) => {
  const stateDir = makeFolder(t);
  const port = Number(new URL(chain.url).port);
  await t.rejects(startDevChain({ port, stateDir }), /cannot listen on 127\.0\.0\.1:\d+/);
  await (await startDevChain({ port: 0, stateDir })).close();
});

t.test('none of this was a fault of the chain itself', async (t) => {
  t.same(faults, []);
});
