import t from 'tap';
import type { Receipt } from '../../../enclave/link/receipts.ts';
import {
  CHAIN_START,
  encodeReceipt,
  hashReceipt,
  headSigningBytes,
  openHead,
  readChain,
  sealHead,
} from '../../../enclave/link/receipts.ts';
import { makeKey } from '../../keys.ts';

const boot = new Uint8Array(32).fill(9);

function makeChain(length: number, wallet = 'alice'): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let prev = CHAIN_START.hash;
  for (let seq = 1; seq <= length; seq++) {
    const receipt: Receipt = {
      wallet,
      seq,
      prev,
      time: BigInt(1000 + seq),
      boot,
      kind: 'close',
      body: { spentInBoot: [] },
    };
    chain.push(encodeReceipt(receipt));
    prev = hashReceipt(chain.at(-1) as Uint8Array);
  }
  return chain;
}

const chain = makeChain(5);
const [first, second, third] = chain as [Uint8Array, Uint8Array, Uint8Array];

t.test('a whole chain reads to its end', (t) => {
  const { receipts, end } = readChain('alice', CHAIN_START, chain);
  t.equal(receipts.length, 5);
  t.strictSame(end, { seq: 5, hash: hashReceipt(chain[4] as Uint8Array) });
  t.strictSame(
    readChain('alice', { seq: 2, hash: hashReceipt(second) }, chain.slice(2)).end,
    end,
    'also from the middle',
  );
  t.end();
});

const BROKEN: [what: string, receipts: Uint8Array[], fact: string][] = [
  ['one left out', [first, third], 'gap'],
  ['one twice', [first, first], 'gap'],
  ['two exchanged', [second, first], 'gap'],
  ['another wallet', makeChain(1, 'bob'), 'wallet'],
  ['another history of the same length', [makeOther(), second], 'hash'],
];

function makeOther(): Uint8Array {
  return encodeReceipt({
    wallet: 'alice',
    seq: 1,
    prev: CHAIN_START.hash,
    time: 5n,
    boot,
    kind: 'close',
    body: { spentInBoot: [] },
  });
}

for (const [what, receipts, fact] of BROKEN) {
  t.test(`refused: ${what}`, (t) => {
    t.throws(() => readChain('alice', CHAIN_START, receipts), { code: 'chain-invalid', context: { what: fact } });
    t.end();
  });
}

t.test('a head holds only under its own key and bytes', (t) => {
  const key = makeKey('receipts');
  const head = { wallet: 'alice', seq: 5, hash: new Uint8Array(32), boot, time: 9n };
  const signed = sealHead(key.key, head, key.sign(headSigningBytes(key.key, head)));
  t.match(openHead(signed, key.key), { wallet: 'alice', seq: 5 });
  t.throws(() => openHead(signed, makeKey('other').key), { code: 'chain-invalid' });
  const forged = sealHead(key.key, { ...head, seq: 6 }, key.sign(headSigningBytes(key.key, head)));
  t.throws(() => openHead(forged, key.key), { code: 'chain-invalid' });
  t.end();
});
