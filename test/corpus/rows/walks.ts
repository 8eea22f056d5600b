/** A day with the examples `payments` and `trader`. Read it as a table. */
import { concatBytes } from '../../../policy/bytes.ts';
import { knownPubkey } from '../../../policy/keys.ts';
import { NATIVE_MINT, TOKEN_PROGRAM } from '../../../policy/programs/addresses.ts';
import type { Pubkey } from '../../../policy/types.ts';
import { bytesOf, littleEndian } from '../../policy/messages.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  ata,
  call,
  hex,
  memo,
  ours,
  pay,
  payToken,
  price,
  STRANGER,
  sponsored,
  USDC,
  u32,
  units,
  us,
} from '../world.ts';
import { openFor, spentBefore, token } from './row.ts';
import type { Step } from './walk-row.ts';
import { walk } from './walk-row.ts';

const SUPPLIER = knownPubkey('9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM');
const SERVICE = knownPubkey('Fv8YYjF2DUqj9RZhyXNCBkLRMEABmXRkXPRWe1S5Jn6Y');
const service = { owners: [SERVICE] };
const spentUsdc = (amount: string) => spentBefore('USDC', amount);

const payments: readonly Step[] = [
  ['an invoice in SOL', 'a supplier, under the sum the owner wants to see', ours(pay(SUPPLIER, 400_000_000n)), 'allow'],
  [
    'a large invoice in SOL',
    'the owner reads it first',
    ours(pay(SUPPLIER, 900_000_000n)),
    'needs-approval approval-above',
  ],
  [
    'an invoice in USDC, with its number',
    'account, payment and memo in one',
    ours(openFor(SUPPLIER), payToken(SUPPLIER, 80_000_000n), memo('invoice 2026-117')),
    'allow',
  ],
  [
    'an x402 call',
    'somebody else pays the fee, five dollars at most',
    sponsored(units(60_000), price(1n), payToken(SERVICE, 250_000n), memo('a'.repeat(200))),
    'allow',
    service,
  ],
  [
    'a dear x402 call',
    'more than one service may get at once',
    sponsored(payToken(SERVICE, 5_000_001n)),
    'needs-approval per-transaction-exceeded',
    service,
  ],
  ['SOL for a service', 'services are paid in USDC', ours(pay(SERVICE, 1_000n)), 'deny recipient-asset-not-allowed'],
  [
    'twice the same supplier',
    'two payments of one transaction are one sum',
    ours(payToken(SUPPLIER, 60_000_000n), payToken(SUPPLIER, 60_000_000n)),
    'needs-approval approval-above',
  ],
  [
    'the day’s last dollar',
    'exactly what is left',
    ours(payToken(SUPPLIER, 90_000_000n)),
    'allow',
    spentUsdc('910000000'),
  ],
  [
    'a dollar too many',
    'the day’s window is full',
    ours(payToken(SUPPLIER, 91_000_000n)),
    'deny window-exceeded',
    spentUsdc('910000000'),
  ],
  [
    'everything the wallet has',
    'a prompt was injected',
    ours(pay(STRANGER, 4_000_000_000n)),
    'deny recipient-asset-not-allowed per-transaction-exceeded approval-above',
  ],
  [
    'an allowance for a service',
    'approve now, take later',
    ours(token([us.usdc, SERVICE, AGENT], 4, 5n)),
    'deny instruction-not-allowed effect-not-allowed',
  ],
  [
    'a fee of half a SOL',
    'the priority fee is a payment too',
    ours(units(1_400_000), price(357_000_000n), pay(SUPPLIER, 1n)),
    'deny fee-exceeded',
  ],
];

const JUPITER = knownPubkey('JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4');
const JITO = knownPubkey('J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn');
const EVENTS = knownPubkey('D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf');
const POOL = knownPubkey('BoeMUkCLHchTD31HdXsbDExuZZfcUppSLpYtV3LZTH6U');

interface Route {
  readonly from?: Pubkey;
  readonly to?: Pubkey;
  readonly into?: Pubkey;
  readonly amount?: bigint;
  readonly slippage?: number;
  readonly fee?: number;
  readonly behind?: Uint8Array;
  readonly more?: readonly Pubkey[];
}

/** Jupiter's `route` of one step, as its interface sends it. */
function route(changes: Route = {}) {
  const {
    from = NATIVE_MINT,
    to = JITO,
    into = ata(AGENT, to),
    amount = 100_000_000n,
    slippage = 50,
    fee = 0,
  } = changes;
  const accounts = [
    TOKEN_PROGRAM,
    AGENT,
    ata(AGENT, from),
    into,
    JUPITER,
    to,
    JUPITER,
    EVENTS,
    JUPITER,
    POOL,
    ata(AGENT, from),
    into,
  ];
  const data = bytesOf(
    hex('e517cb977ae3ad2a'),
    u32(1),
    0x26,
    100,
    0,
    1,
    amount,
    81_000_000n,
    littleEndian(BigInt(slippage), 2),
    fee,
  );
  return call(JUPITER, [...accounts, ...(changes.more ?? [])], concatBytes(data, changes.behind ?? bytesOf()));
}
const wrap = (lamports: bigint) => [openFor(AGENT, NATIVE_MINT), pay(us.wrapped, lamports), token([us.wrapped], 17)];
const unwrap = token([us.wrapped, AGENT, AGENT], 9);
const swapOf = (changes?: Route) => ours(units(200_000), ...wrap(100_000_000n), route(changes), unwrap);

const trader: readonly Step[] = [
  ['SOL into JitoSOL', 'wrap, swap, unwrap what is left: what goes in is charged', swapOf(), 'allow'],
  [
    'USDC into SOL',
    'the other described call',
    ours(openFor(AGENT, NATIVE_MINT), route({ from: USDC, to: NATIVE_MINT, amount: 200_000_000n }), unwrap),
    'allow',
  ],
  [
    'USDC into JitoSOL',
    'a pair the policy does not describe',
    ours(route({ from: USDC })),
    'deny call-not-allowed call-not-allowed',
  ],
  ['any price will do', 'slippage of a hundred per cent', swapOf({ slippage: 10_000 }), 'deny call-not-allowed'],
  [
    'a fee for somebody',
    'the platform fee goes to whoever wrote the prompt',
    swapOf({ fee: 255 }),
    'deny call-not-allowed',
  ],
  [
    'the JitoSOL to somebody else',
    'another destination account',
    swapOf({ into: ata(STRANGER, JITO) }),
    'deny call-not-allowed',
  ],
  [
    'a route with bytes behind it',
    'the program would read another amount than the policy',
    swapOf({ behind: bytesOf(1n, 1n, 50, 0, 0) }),
    'deny call-not-allowed',
  ],
  [
    'one more of our accounts',
    'the pool’s program could empty our USDC',
    swapOf({ more: [us.usdc] }),
    'deny call-not-allowed',
  ],
  [
    'three SOL at once',
    'more than one swap may take',
    swapOf({ amount: 3_000_000_000n }),
    'deny per-transaction-exceeded',
  ],
  [
    'the eleventh SOL of the day',
    'bad trades end here',
    swapOf({ amount: 1_000_000_000n }),
    'deny window-exceeded',
    { spent: [{ asset: 'SOL', amount: '9500000000', at: '2026-11-20T06:00:00Z' }] },
  ],
  [
    'what was wrapped goes to a thief',
    'closing an account gives all it holds',
    ours(...wrap(100_000_000n), token([us.wrapped, STRANGER, AGENT], 9)),
    'deny amount-unknown',
  ],
  ['profits to the owner', 'the one recipient there is', ours(payToken(SUPPLIER, 250_000_000n)), 'allow'],
  [
    'profits to somebody else',
    'nobody else is paid',
    ours(payToken(STRANGER, 1_000_000n)),
    'deny recipient-not-allowed',
  ],
  [
    'another program of the same name',
    'the discriminator is right, the program is not',
    ours(call(POOL, [AGENT], hex('e517cb977ae3ad2a'))),
    'deny program-unknown',
  ],
];

export const walkRows: readonly Draft[] = [...walk('payments', payments), ...walk('trader', trader)];
