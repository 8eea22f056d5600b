import t from 'tap';
import { NATIVE_MINT } from '../../policy/programs/addresses.ts';
import {
  AGENT,
  checkRows,
  DAY,
  draft,
  memo,
  message,
  openAccount,
  pay,
  payToken,
  price,
  pubkeyToBase58,
  SHOP,
  STRANGER,
  SUPPLIER,
  sol,
  sponsored,
  UNKNOWN_CALL,
} from './policies.ts';

const shop = pubkeyToBase58(SHOP);
const plain = draft();
const any = draft({ recipients: [{ name: 'all', owners: 'any' }] });
const onlyUsdc = draft({
  assets: { USDC: (plain['assets'] as { USDC: object }).USDC },
  lease: { maxSeconds: 3600 },
});
const rich = sol({ windows: [{ seconds: DAY, max: '9000000' }] });
const noMemo = draft({ memo: 'deny' });
const usdcGroup = draft({ recipients: [{ name: 'g', owners: [shop], assets: { USDC: {} } }] });
const firstGroup = draft({
  recipients: [
    { name: 'a', owners: [shop], assets: { USDC: {} } },
    { name: 'b', owners: 'any' },
  ],
});
const toShop = pay(SHOP, 5n);
const toStranger = payToken(STRANGER, 5n);
const wrapped = payToken(STRANGER, 5n, 9, NATIVE_MINT);
const named = { owners: [STRANGER] };

t.test('programs and memos', async (t) => {
  checkRows(t, [
    ['nothing but a memo', plain, message(memo('hello')), 'allow'],
    ['an instruction nobody decodes', plain, message(UNKNOWN_CALL), 'deny instruction-unknown'],
    ['a program not named', draft({ programs: {} }), message(toShop), 'deny program-not-allowed'],
    ['an instruction not named', draft({ programs: { system: [] } }), message(toShop), 'deny instruction-not-allowed'],
    ['a memo where none is allowed', noMemo, message(memo('x')), 'deny memo-denied'],
    ['memo is denied by default', draft({ memo: undefined }), message(memo('x')), 'deny memo-denied'],
    ['a memo of the longest length', plain, message(memo('m'.repeat(64))), 'allow'],
    ['two memos count together', plain, message(memo('m'.repeat(60)), memo('12345')), 'deny memo-too-long'],
    ['not our signature', plain, message(toShop), 'deny not-our-signature', { agent: STRANGER }],
  ]);
});

t.test('recipients', async (t) => {
  checkRows(t, [
    ['a payment to a listed recipient', plain, message(toShop), 'allow'],
    ['a token payment to a listed recipient', plain, message(payToken(SHOP, 5n)), 'allow'],
    ['an unlisted recipient', plain, message(pay(STRANGER, 5n)), 'deny recipient-not-allowed'],
    ['the second is unlisted', plain, message(toShop, pay(STRANGER, 1n)), 'deny recipient-not-allowed'],
    ['nothing to a stranger', plain, message(pay(STRANGER, 0n)), 'deny recipient-not-allowed'],
    ['a token payment to an unlisted owner', plain, message(toStranger), 'deny recipient-not-allowed'],
    ['naming an owner allows nothing', plain, message(toStranger), 'deny recipient-not-allowed', named],
    ['anybody, the token owner not named', any, message(toStranger), 'deny recipient-not-allowed'],
    ['anybody, the token owner named', any, message(toStranger), 'allow', named],
    ['anybody, wrapped SOL, the owner not named', any, message(wrapped), 'deny recipient-not-allowed'],
    ['anybody, wrapped SOL, the owner named', any, message(wrapped), 'allow', named],
    ['anybody, SOL', any, message(pay(STRANGER, 5n)), 'allow'],
    ['a mint that is not pinned', plain, message(payToken(SHOP, 5n, 6, STRANGER)), 'deny asset-not-allowed'],
    ['other decimals than pinned', plain, message(payToken(SHOP, 5n, 9)), 'deny mint-mismatch'],
    ['an asset the group may not have', usdcGroup, message(toShop), 'deny recipient-asset-not-allowed'],
    ['the first group decides', firstGroup, message(toShop), 'deny recipient-asset-not-allowed'],
    ['65 named owners: the last is not seen', any, message(toStranger), 'deny recipient-not-allowed', crowd()],
  ]);
});

function crowd() {
  return { owners: [...Array.from({ length: 64 }, () => SUPPLIER), STRANGER] };
}

t.test('fees and rent', async (t) => {
  checkRows(t, [
    ['the fee at its limit', plain, message(toShop, price(2_500_000n)), 'allow'],
    ['the fee over its limit', plain, message(toShop, price(2_500_001n)), 'deny fee-exceeded'],
    ['somebody else’s fee is not ours', plain, sponsored(payToken(SHOP, 5n), price(900_000_000n)), 'allow'],
    ['no budget for SOL and a fee', onlyUsdc, message(payToken(SHOP, 5n)), 'deny asset-not-allowed'],
    ['no budget for SOL and no fee', onlyUsdc, sponsored(payToken(SHOP, 5n)), 'allow'],
    ['rent for a listed owner', rich, message(openAccount(SHOP)), 'allow'],
    ['rent for ourselves', rich, message(openAccount(AGENT)), 'allow'],
    ['rent for a stranger', rich, message(openAccount(STRANGER)), 'deny recipient-not-allowed'],
    ['somebody else pays the rent', plain, sponsored(openAccount(STRANGER, SUPPLIER)), 'allow'],
    ['rent twice', rich, message(openAccount(SHOP), openAccount(SUPPLIER)), 'deny rent-exceeded'],
    ['rent in two transactions', rich, [message(openAccount(SHOP)), message(openAccount(SUPPLIER))], 'allow'],
    ['rent counts in the window', plain, message(openAccount(SHOP)), 'deny window-exceeded'],
  ]);
});
