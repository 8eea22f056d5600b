/**
 * Every instruction that is decoded, five times: on somebody else's accounts (nothing to us), on ours where the policy allows no effect, on
 * ours where it allows what can be allowed, where the policy does not name it, and with a byte too many.
 */
import { pubkeyToBytes } from '../../../policy/keys.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  ED25519_PROGRAM,
  MEMO_V1_PROGRAM,
  MEMO_V3_PROGRAM,
  MEMO_V4_PROGRAM,
  NATIVE_MINT,
  SECP256K1_PROGRAM,
  SECP256R1_PROGRAM,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../../policy/programs/addresses.ts';
import type { Call } from '../../policy/messages.ts';
import { bytesOf } from '../../policy/messages.ts';
import type { Actor, Draft } from '../world.ts';
import {
  ata,
  both,
  CLOCK,
  call,
  EURO,
  FRESH,
  FRIEND,
  HASHES,
  HISTORY,
  NONCE,
  OTHER,
  RENT,
  SHOP,
  STAKE,
  STAKE_2,
  STAKE_CONFIG,
  STRANGER,
  system,
  them,
  USDC,
  u32,
  us,
  VOTE,
} from '../world.ts';

/** `ours` and `allowed` are what is expected of the policies `open` and `rights`; `theirs` of `open`. */
interface Form {
  readonly name: string;
  readonly make: (actor: Actor) => Call;
  readonly ours: string;
  readonly allowed?: string;
  readonly theirs?: string;
}

const ALLOW = 'allow';
const EFFECT = 'deny effect-not-allowed';
const NOBODY = 'deny recipient-not-allowed';
const key = pubkeyToBytes(STRANGER);
const seed = bytesOf(1n, 65);
const form = (name: string, make: Form['make'], ours: string, allowed?: string, theirs?: string): Form => ({
  name,
  make,
  ours,
  ...(allowed === undefined ? {} : { allowed }),
  ...(theirs === undefined ? {} : { theirs }),
});

const systemForms: readonly Form[] = [
  form('createAccount', ({ owner }) => system([owner, FRESH], 0, 1_000n, 0n, key), NOBODY),
  form('assign', ({ owner }) => system([owner], 1, key), EFFECT),
  form('transfer', ({ owner }) => system([owner, SHOP], 2, 1_000n), ALLOW),
  form(
    'createAccountWithSeed',
    ({ owner }) => system([owner, FRESH], 3, pubkeyToBytes(owner), seed, 1_000n, 0n, key),
    NOBODY,
  ),
  form(
    'advanceNonceAccount',
    ({ owner }) => system([NONCE, HASHES, owner], 4),
    'deny nonce-not-allowed',
    undefined,
    'deny nonce-not-allowed',
  ),
  form('withdrawNonceAccount', ({ owner }) => system([NONCE, STRANGER, HASHES, RENT, owner], 5, 1_000n), NOBODY),
  form('initializeNonceAccount', ({ owner }) => system([NONCE, HASHES, RENT], 6, pubkeyToBytes(owner)), EFFECT),
  form('authorizeNonceAccount', ({ owner }) => system([NONCE, owner], 7, key), EFFECT),
  form('allocate', ({ owner }) => system([owner], 8, 8n), EFFECT),
  form('allocateWithSeed', ({ owner }) => system([FRESH, owner], 9, pubkeyToBytes(owner), seed, 8n, key), EFFECT),
  form('assignWithSeed', ({ owner }) => system([FRESH, owner], 10, pubkeyToBytes(owner), seed, key), EFFECT),
  form('transferWithSeed', ({ owner }) => system([FRESH, owner, STRANGER], 11, 1_000n, seed, key), NOBODY),
  form('upgradeNonceAccount', () => system([NONCE], 12), ALLOW),
  form('createAccountAllowPrefund', ({ owner }) => system([FRESH, owner], 13, 1_000n, 0n, key), NOBODY),
];

/** What both token programs have; `p` is the program, `m` the mint, `own` the actor's account for it. */
function tokenForms(program: typeof TOKEN_PROGRAM, mint: typeof USDC, decimals: number): Form[] {
  const own = (actor: Actor) => (mint === USDC ? actor.usdc : actor.euro);
  const shop = ata(SHOP, mint, program);
  const t = (accounts: Parameters<typeof call>[1], ...data: (number | bigint | Uint8Array)[]) =>
    call(program, accounts, ...data);
  return [
    form('initializeAccount', ({ owner }) => t([FRESH, mint, owner, RENT], 1), ALLOW),
    form('transfer', (a) => t([own(a), shop, a.owner], 3, 5n), ALLOW),
    form('approve', (a) => t([own(a), FRIEND, a.owner], 4, 5n), EFFECT, ALLOW),
    form('revoke', (a) => t([own(a), a.owner], 5), EFFECT, ALLOW),
    form('setAuthority', (a) => t([own(a), a.owner], 6, 2, 1, key), EFFECT),
    form('burn', (a) => t([own(a), mint, a.owner], 8, 5n), EFFECT, ALLOW),
    form('closeAccount', (a) => t([own(a), a.owner, a.owner], 9), EFFECT, ALLOW),
    form('freezeAccount', (a) => t([own(a), mint, a.owner], 10), EFFECT),
    form('thawAccount', (a) => t([own(a), mint, a.owner], 11), EFFECT),
    form('transferChecked', (a) => t([own(a), mint, shop, a.owner], 12, 5n, decimals), ALLOW),
    form('approveChecked', (a) => t([own(a), mint, FRIEND, a.owner], 13, 5n, decimals), EFFECT, ALLOW),
    form('burnChecked', (a) => t([own(a), mint, a.owner], 15, 5n, decimals), EFFECT, ALLOW),
    form('initializeAccount2', ({ owner }) => t([FRESH, mint, RENT], 16, pubkeyToBytes(owner)), ALLOW),
    form('syncNative', ({ wrapped }) => t([wrapped], 17), ALLOW),
    form('initializeAccount3', ({ owner }) => t([FRESH, mint], 18, pubkeyToBytes(owner)), ALLOW),
    form('initializeImmutableOwner', () => t([FRESH], 22), ALLOW),
    form('getAccountDataSize', () => t([mint], 21), ALLOW),
    form('uiAmountToAmount', () => t([mint], 24, 49), ALLOW),
    form('amountToUiAmount', () => t([mint], 23, 5n), ALLOW),
    form('withdrawExcessLamports', (a) => t([own(a), a.owner, a.owner], 38), ALLOW),
    form('unwrapLamports', (a) => t([own(a), a.owner, a.owner], 45, 1, 5n), ALLOW),
    form(
      'batch',
      (a) => t([own(a), a.owner, a.owner, own(a), a.owner], 255, 3, 1, 9, 2, 1, 5),
      'deny effect-not-allowed effect-not-allowed',
      ALLOW,
    ),
  ];
}

const withFee = form(
  'transferCheckedWithFee',
  (a) => call(TOKEN_2022_PROGRAM, [a.euro, EURO, ata(SHOP, EURO, TOKEN_2022_PROGRAM), a.owner], 26, 1, 5n, 2, 1n),
  ALLOW,
);

const derived = (owner: Actor['owner'], tag: number) =>
  call(ASSOCIATED_TOKEN_PROGRAM, [owner, ata(SHOP), SHOP, USDC, SYSTEM_PROGRAM, TOKEN_PROGRAM], tag);
const associatedForms: readonly Form[] = [
  form('create', ({ owner }) => derived(owner, 0), ALLOW),
  form('createIdempotent', ({ owner }) => derived(owner, 1), ALLOW),
  form(
    'recoverNested',
    ({ owner, usdc, wrapped }) =>
      call(ASSOCIATED_TOKEN_PROGRAM, [ata(wrapped), USDC, usdc, wrapped, NATIVE_MINT, owner, TOKEN_PROGRAM], 2),
    EFFECT,
    ALLOW,
  ),
];

const s = (accounts: Parameters<typeof call>[1], tag: number, ...data: (number | bigint | Uint8Array)[]) =>
  call(STAKE_PROGRAM, accounts, u32(tag), ...data);
const stakeForms: readonly Form[] = [
  form(
    'initialize',
    ({ owner }) => s([STAKE, RENT], 0, pubkeyToBytes(owner), pubkeyToBytes(owner), 0n, 0n, key),
    EFFECT,
    undefined,
    EFFECT,
  ),
  form('authorize', ({ owner }) => s([STAKE, CLOCK, owner], 1, key, u32(1)), EFFECT),
  form('delegate', ({ owner }) => s([STAKE, VOTE, CLOCK, HISTORY, STAKE_CONFIG, owner], 2), EFFECT, ALLOW),
  form('split', ({ owner }) => s([STAKE, STAKE_2, owner], 3, 5n), EFFECT, ALLOW),
  form('withdraw', ({ owner }) => s([STAKE, STRANGER, CLOCK, HISTORY, owner], 4, 5n), NOBODY),
  form('deactivate', ({ owner }) => s([STAKE, CLOCK, owner], 5), EFFECT, ALLOW),
  form('setLockup', ({ owner }) => s([STAKE, owner], 6, 1, 1n, 0, 0), EFFECT),
  form('merge', ({ owner }) => s([STAKE, STAKE_2, CLOCK, HISTORY, owner], 7), EFFECT, ALLOW),
  form('authorizeWithSeed', ({ owner }) => s([STAKE, owner, CLOCK], 8, key, u32(0), seed, key), EFFECT),
  form('initializeChecked', ({ owner }) => s([STAKE, RENT, owner, owner], 9), EFFECT, undefined, EFFECT),
  form('authorizeChecked', ({ owner }) => s([STAKE, CLOCK, owner, STRANGER], 10, u32(1)), EFFECT),
  form('authorizeCheckedWithSeed', ({ owner }) => s([STAKE, owner, CLOCK, STRANGER], 11, u32(0), seed, key), EFFECT),
  form('setLockupChecked', ({ owner }) => s([STAKE, owner], 12, 1, 1n, 0), EFFECT),
  form('getMinimumDelegation', () => s([], 13), ALLOW),
  form('deactivateDelinquent', () => s([STAKE, VOTE, STRANGER], 14), EFFECT, undefined, EFFECT),
  form('moveStake', ({ owner }) => s([STAKE, STAKE_2, owner], 16, 5n), EFFECT, ALLOW),
  form('moveLamports', ({ owner }) => s([STAKE, STAKE_2, owner], 17, 5n), EFFECT, ALLOW),
];

const verify = (program: typeof ED25519_PROGRAM, ...data: (number | Uint8Array)[]) =>
  form('verify', () => call(program, [], ...data), ALLOW);

const families: readonly (readonly [program: string, forms: readonly Form[]])[] = [
  ['system', systemForms],
  ['token', tokenForms(TOKEN_PROGRAM, USDC, 6)],
  ['token-2022', [...tokenForms(TOKEN_2022_PROGRAM, EURO, 2), withFee]],
  ['associated-token', associatedForms],
  ['stake', stakeForms],
  ['ed25519', [verify(ED25519_PROGRAM, 1, 0, new Uint8Array(14))]],
  ['secp256k1', [verify(SECP256K1_PROGRAM, 1, new Uint8Array(11))]],
  ['secp256r1', [verify(SECP256R1_PROGRAM, 1, 0, new Uint8Array(14))]],
];

/** Data that may have any length has nothing to be too long by. */
const FREE = new Set(['verify', 'getAccountDataSize', 'uiAmountToAmount']);

function rowsOf(program: string, { name, make, ours, allowed, theirs = ALLOW }: Form): Draft[] {
  const title = `${program}.${name}`;
  const longer = ({ data, ...rest }: Call): Call => ({ ...rest, data: bytesOf(data, 0) });
  // Of a batch every instruction is named: the batch itself and the two in it.
  const times = name === 'batch' ? 3 : 1;
  const unnamed = Array<string>(times)
    .fill(program === 'system' ? 'instruction-not-allowed' : 'program-not-allowed')
    .join(' ');
  const named = program === 'system' && name === 'transfer';
  const rows: Draft[] = [
    {
      name: `${title}: theirs`,
      why: 'what another signer does with its own accounts costs us the fee alone',
      policy: 'open',
      what: both(make(them)),
      expect: theirs,
    },
    {
      name: `${title}: ours`,
      why: 'named, and judged by what it does',
      policy: 'open',
      what: both(make(us)),
      expect: ours,
    },
    ...(named
      ? []
      : [
          {
            name: `${title}: not named`,
            why: 'an instruction the policy does not name is refused, whatever it does',
            policy: 'bare',
            what: both(make(them)),
            expect: theirs === ALLOW ? `deny ${unnamed}` : `deny ${unnamed} ${theirs.slice('deny '.length)}`,
          },
        ]),
  ];
  if (allowed !== undefined)
    rows.push({
      name: `${title}: allowed`,
      why: 'the policy allows the effect by name',
      policy: 'rights',
      what: both(make(us)),
      expect: allowed,
    });
  if (!FREE.has(name))
    rows.push({
      name: `${title}: a byte more`,
      why: 'the chain would ignore the byte; we read all or nothing',
      policy: 'open',
      what: both(longer(make(them))),
      expect: 'deny instruction-malformed',
    });
  return rows;
}

const memoRows = [MEMO_V1_PROGRAM, MEMO_V3_PROGRAM, MEMO_V4_PROGRAM].flatMap((program, index): Draft[] => {
  const text = (length: number) => both(call(program, [], new Uint8Array(length).fill(0x61)));
  const name = `memo program ${index + 1}`;
  return [
    { name: `${name}: 64 bytes`, why: 'as long as the policy allows', policy: 'open', what: text(64), expect: ALLOW },
    { name: `${name}: 65 bytes`, why: 'one byte longer', policy: 'open', what: text(65), expect: 'deny memo-too-long' },
    {
      name: `${name}: denied`,
      why: 'the policy allows no memo',
      policy: 'bare',
      what: text(1),
      expect: 'deny memo-denied',
    },
    {
      name: `${name}: not UTF-8`,
      why: 'nobody could read it',
      policy: 'open',
      what: both(call(program, [], 0xff)),
      expect: 'deny memo-invalid',
    },
    {
      name: `${name}: a stranger vouches`,
      why: 'an account of a memo must sign',
      policy: 'open',
      what: both(call(program, [STRANGER], 0x61)),
      expect: 'deny memo-invalid',
    },
    {
      name: `${name}: another signer vouches`,
      why: 'whoever signs may vouch',
      policy: 'open',
      what: both(call(program, [OTHER], 0x61)),
      expect: ALLOW,
    },
  ];
});

export const instructionRows: readonly Draft[] = [
  ...families.flatMap(([program, forms]) => forms.flatMap((each) => rowsOf(program, each))),
  ...memoRows,
];
