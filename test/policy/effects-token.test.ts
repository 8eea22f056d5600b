/** What instructions of the token programs and of programs of their own kind do to our accounts. */
import t from 'tap';
import { readEffects } from '../../policy/effects.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  ED25519_PROGRAM,
  LOADER_V3_PROGRAM,
  NATIVE_MINT,
  NATIVE_MINT_2022,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { Row } from './effects-rows.ts';
import {
  agent,
  at,
  bytes,
  CLOCK,
  checkRows,
  context,
  euro,
  other,
  payer,
  RENT,
  stranger,
  u32,
  usdc,
  vault,
} from './effects-rows.ts';
import { buildMessage, bytesOf, UNKNOWN } from './messages.ts';

const T = TOKEN_PROGRAM;
const token: Row[] = [
  ['plain transfer', T, [at.usdc, at.strangerUsdc, agent], bytesOf(3, 9n), 'usdc 9 from @usdc to @strangerUsdc'],
  ['plain transfer to our vault', T, [at.usdc, at.vaultUsdc, agent], bytesOf(3, 9n)],
  ['plain transfer from an account nobody knows', T, [other, at.strangerUsdc, agent], bytesOf(3, 9n), 'mint-unknown'],
  ['plain transfer of others', T, [other, at.strangerUsdc, payer], bytesOf(3, 9n)],
  ['plain transfer of others to us', T, [other, at.usdc, payer], bytesOf(3, 9n)],
  ['plain transfer of ours by others', T, [at.usdc, other, payer], bytesOf(3, 9n), 'usdc 9 from @usdc to other'],
  [
    'plain transfer under the other program',
    TOKEN_2022_PROGRAM,
    [at.usdc, other, agent],
    bytesOf(3, 9n),
    'mint-mismatch',
  ],
  [
    'with a fee',
    TOKEN_2022_PROGRAM,
    [at.euro, euro, other, agent],
    bytesOf(26, 1, 9n, 2, 1n),
    'euro 9 from @euro to other',
  ],
  ['wrapped SOL', T, [at.wrapped, NATIVE_MINT, other, agent], bytesOf(12, 9n, 9), 'SOL 9 from @wrapped to other'],
  ['wrapped SOL, plain', T, [at.wrapped, other, agent], bytesOf(3, 9n), 'SOL 9 from @wrapped to other'],
  [
    'wrapped SOL under Token-2022',
    TOKEN_2022_PROGRAM,
    [other, NATIVE_MINT_2022, at.euro, agent],
    bytesOf(12, 9n, 9),
    'asset-not-allowed',
  ],
  ['approve', T, [at.usdc, stranger, agent], bytesOf(4, 9n), 'usdc 9 of @usdc delegated to stranger'],
  [
    'approve on the vault’s account',
    T,
    [at.vaultUsdc, stranger, payer],
    bytesOf(4, 9n),
    'usdc 9 of @vaultUsdc delegated to stranger',
  ],
  ['approve without a mint', T, [other, stranger, agent], bytesOf(4, 9n), 'mint-unknown'],
  ['approve of others', T, [other, stranger, payer], bytesOf(4, 9n)],
  ['approve checked', T, [at.usdc, usdc, stranger, agent], bytesOf(13, 9n, 6), 'usdc 9 of @usdc delegated to stranger'],
  ['approve checked, other decimals', T, [at.usdc, usdc, stranger, agent], bytesOf(13, 9n, 7), 'mint-mismatch'],
  ['revoke', T, [at.usdc, agent], bytesOf(5), 'usdc 0 of @usdc delegated to nobody'],
  ['revoke elsewhere', T, [other, agent], bytesOf(5), 'nothing 0 of other delegated to nobody'],
  ['owner', T, [at.usdc, agent], bytesOf(6, 2, 1, bytes(stranger)), 'accountOwner of @usdc to stranger'],
  ['owner by others', T, [at.usdc, payer], bytesOf(6, 2, 1, bytes(stranger)), 'accountOwner of @usdc to stranger'],
  ['close authority', T, [at.usdc, agent], bytesOf(6, 3, 0), 'closeAccount of @usdc to nobody'],
  ['mint authority', T, [other, agent], bytesOf(6, 0, 1, bytes(stranger)), 'mintTokens of other to stranger'],
  ['freeze authority', T, [other, agent], bytesOf(6, 1, 0), 'freezeAccount of other to nobody'],
  ['an extension', TOKEN_2022_PROGRAM, [other, agent], bytesOf(6, 9, 0), 'extension of other to nobody'],
  ['authority of others', T, [other, payer], bytesOf(6, 2, 0)],
  ['burn', T, [at.usdc, usdc, agent], bytesOf(8, 9n), 'burn usdc 9 of @usdc'],
  ['burn checked', T, [at.usdc, usdc, agent], bytesOf(15, 9n, 6), 'burn usdc 9 of @usdc'],
  ['burn of an unpinned mint', T, [other, stranger, agent], bytesOf(8, 9n), 'asset-not-allowed'],
  ['burn of others', T, [other, usdc, payer], bytesOf(8, 9n)],
  ['close to us', T, [at.usdc, agent, agent], bytesOf(9), 'close @usdc to agent'],
  ['close wrapped SOL to our vault', T, [at.wrapped, vault, agent], bytesOf(9), 'close @wrapped to vault'],
  ['close wrapped SOL elsewhere', T, [at.wrapped, stranger, agent], bytesOf(9), 'amount-unknown'],
  ['close elsewhere', T, [at.usdc, stranger, agent], bytesOf(9), 'amount-unknown'],
  ['close ours by others', T, [at.usdc, stranger, payer], bytesOf(9), 'amount-unknown'],
  ['close of others', T, [other, stranger, payer], bytesOf(9)],
  ['freeze ours', T, [at.usdc, usdc, payer], bytesOf(10), 'freeze @usdc'],
  ['thaw by us', T, [other, usdc, agent], bytesOf(11), 'thaw other'],
  ['freeze of others', T, [other, usdc, payer], bytesOf(10)],
  ['excess to us', T, [at.usdc, agent, agent], bytesOf(38)],
  ['excess elsewhere', T, [at.usdc, stranger, agent], bytesOf(38), 'amount-unknown'],
  ['unwrap to us', T, [at.wrapped, agent, agent], bytesOf(45, 0)],
  ['unwrap elsewhere', T, [at.wrapped, stranger, agent], bytesOf(45, 1, 9n), 'SOL 9 from @wrapped to stranger'],
  ['unwrap all elsewhere', T, [at.wrapped, stranger, agent], bytesOf(45, 0), 'amount-unknown'],
  ['unwrap ours by others', T, [at.wrapped, stranger, payer], bytesOf(45, 1, 9n), 'SOL 9 from @wrapped to stranger'],
  ['unwrap of others', T, [other, stranger, payer], bytesOf(45, 0)],
  ['sync', T, [at.wrapped], bytesOf(17)],
  ['a new account of ours', T, [other, usdc], bytesOf(18, bytes(agent))],
  [
    'a batch',
    T,
    [at.usdc, at.strangerUsdc, agent, at.usdc, agent],
    bytesOf(255, 3, 9, 3, 9n, 2, 35, 6, 2, 1, bytes(stranger)),
    'usdc 9 from @usdc to @strangerUsdc',
    'accountOwner of @usdc to stranger',
  ],
];

const A = ASSOCIATED_TOKEN_PROGRAM;
const rest: Row[] = [
  [
    'an account for wrapped SOL',
    A,
    [agent, at.wrapped, agent, NATIVE_MINT, SYSTEM_PROGRAM, T],
    bytesOf(1),
    'rent 2039280 for agent',
  ],
  [
    'recover',
    A,
    [at.nested, euro, at.euro, at.usdc, usdc, agent, TOKEN_2022_PROGRAM],
    bytesOf(2),
    'close @nested to agent',
  ],
  [
    'recover elsewhere',
    A,
    [at.nested, euro, other, at.usdc, usdc, agent, TOKEN_2022_PROGRAM],
    bytesOf(2),
    'token-account-not-derived',
  ],
  ['recover of others', A, [at.nested, euro, other, at.usdc, usdc, payer, TOKEN_2022_PROGRAM], bytesOf(2)],
  [
    'upgrade',
    LOADER_V3_PROGRAM,
    [other, other, other, other, RENT, CLOCK, agent],
    bytesOf(u32(3)),
    'programUpgrade',
    'always-refused',
  ],
  [
    'upgrade by others',
    LOADER_V3_PROGRAM,
    [other, other, other, other, RENT, CLOCK, payer],
    bytesOf(u32(3)),
    'always-refused',
  ],
  ['a signature check', ED25519_PROGRAM, [], bytesOf(1, 0, new Uint8Array(14))],
  ['a call with our signature', UNKNOWN, [other, agent], bytesOf(1), 'opaque with our signature'],
  ['a call without', UNKNOWN, [other, at.usdc], bytesOf(1), 'opaque'],
];

t.test('Token, one rule a row', async (t) => checkRows(t, token));
t.test('others, one rule a row', async (t) => checkRows(t, rest));

t.test('the instructions of a batch are named behind it', async (t) => {
  const data = bytesOf(255, 1, 1, 17, 2, 1, 5);
  const { programs } = readEffects(
    [buildMessage([agent], [{ program: T, accounts: [at.wrapped, at.usdc, agent], data }])],
    context,
  );
  t.same(
    programs.map(({ name: called, instruction }) => `${instruction} ${called}`),
    ['0 batch', '0 syncNative', '0 revoke'],
  );
});
