/** What looks like something else: accounts in two roles, outflow behind inflow, names that stand for others, moves that hide a payment. */
import { NATIVE_MINT, STAKE_PROGRAM, SYSTEM_PROGRAM } from '../../../policy/programs/addresses.ts';
import type { Call } from '../../policy/messages.ts';
import { bytesOf } from '../../policy/messages.ts';
import { useSolLimit } from '../squads-calls.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  ata,
  both,
  CLOCK,
  call,
  FRESH,
  HASHES,
  HISTORY,
  hex,
  MULTISIG,
  NONCE,
  OTHER,
  ours,
  pay,
  payToken,
  RENT,
  SHOP,
  STAFF,
  STAKE,
  STRANGER,
  sponsored,
  system,
  them,
  USDC,
  us,
  VAULT,
} from '../world.ts';
import type { Row } from './row.ts';
import { group, openFor, spentBefore, token } from './row.ts';

const wrap = (lamports: bigint) => pay(us.wrapped, lamports);
const sync = token([us.wrapped], 17);
const payWrapped = (to: Call['accounts'][number], lamports: bigint) => payToken(to, lamports, 9, NATIVE_MINT);
const checked = (from: Call['accounts'][number], to: Call['accounts'][number], by: Call['accounts'][number]) =>
  token([from, USDC, to, by], 12, 5n, 6);

const roles: readonly Row[] = [
  [
    'our tokens by another signer',
    'whoever he is to them, a delegate perhaps: they leave our account',
    'open',
    both(checked(us.usdc, ata(STRANGER), OTHER)),
    'deny recipient-not-allowed',
  ],
  [
    'our tokens by another signer, to the shop',
    'charged like our own payment',
    'open',
    both(token([us.usdc, USDC, ata(SHOP), OTHER], 12, 501n, 6)),
    'deny per-transaction-exceeded',
  ],
  [
    'their tokens by our right',
    'we may be their delegate: the right is ours, and so is the charge',
    'open',
    both(checked(them.usdc, ata(STRANGER), AGENT)),
    'deny recipient-not-allowed',
  ],
  ['from an account to itself', 'nothing leaves', 'open', ours(checked(us.usdc, us.usdc, AGENT)), 'allow'],
  [
    'a delegate of nothing',
    'the right is given all the same',
    'rights',
    ours(token([us.usdc, STRANGER, AGENT], 4, 0n)),
    'deny effect-not-allowed',
  ],
  [
    'ourselves as the delegate',
    'not one the policy names',
    'rights',
    ours(token([us.usdc, AGENT, AGENT], 4, 5n)),
    'deny effect-not-allowed',
  ],
  [
    'the agent as a token account',
    'no tokens can be there; it is ours',
    'open',
    ours(checked(us.usdc, AGENT, AGENT)),
    'allow',
  ],
  [
    'the agent as the new account',
    'made anew it would belong to a program',
    'open',
    both(system([OTHER, AGENT], 0, 5n, 0n, hex(STRANGER))),
    'deny effect-not-allowed',
  ],
  [
    'a nonce account that is its own authority',
    'then its lamports are its own',
    'open',
    sponsored(system([AGENT, STRANGER, HASHES, RENT, AGENT], 5, 5n)),
    'deny recipient-not-allowed',
  ],
  [
    'stake to the thief by our custody',
    'our signature opens a lock; the stake was never among our accounts',
    'open',
    both(call(STAKE_PROGRAM, [STAKE, STRANGER, CLOCK, HISTORY, AGENT, OTHER], bytesOf(4, 0, 0, 0, 5n))),
    'deny recipient-not-allowed',
  ],
];

const netting: readonly Row[] = [
  [
    'paid before it is spent',
    'what came in does not make room',
    'open',
    both(pay(AGENT, 5_000_000n, OTHER), pay(SHOP, 5_000_001n)),
    'deny per-transaction-exceeded',
  ],
  [
    'paid back in the same transaction',
    'what comes back is not counted against what left',
    'open',
    both(pay(SHOP, 5_000_001n), pay(AGENT, 5_000_001n, OTHER)),
    'deny per-transaction-exceeded',
  ],
  [
    'half plain, half wrapped',
    'one asset, one sum',
    'rights',
    ours(wrap(3_000_000n), sync, payWrapped(SHOP, 3_000_000n), pay(SHOP, 2_000_001n)),
    'deny per-transaction-exceeded',
  ],
  [
    'wrapped, unwrapped, paid once',
    'only the payment leaves',
    'rights',
    ours(wrap(4_000_000n), sync, token([us.wrapped, AGENT, AGENT], 9), pay(SHOP, 4_000_000n)),
    'allow',
  ],
  [
    'wrapped SOL closed into an account for tokens',
    'it stays ours, as lamports that only we can take out',
    'rights',
    ours(wrap(4_000_000n), sync, token([us.wrapped, us.usdc, AGENT], 9)),
    'allow',
  ],
  [
    'lamports taken out again, for the thief',
    'how many is not said',
    'rights',
    ours(token([us.usdc, STRANGER, AGENT], 38)),
    'deny amount-unknown',
  ],
  [
    'all of it into our vault, then out of the vault',
    'the way round is charged where it leaves',
    'squads',
    ours(pay(VAULT, 9_000_000n), useSolLimit({ multisig: MULTISIG }, STAFF, SHOP, 5_000_001n)),
    'deny per-transaction-exceeded',
  ],
  [
    'the vault pays a token account of ours',
    'not the wallet of an owner: nobody the policy knows',
    'squads',
    ours(useSolLimit({ multisig: MULTISIG }, STAFF, us.wrapped, 5n)),
    'deny recipient-not-allowed',
  ],
];

const names: readonly Row[] = [
  [
    'lamports to the shop’s token account',
    'a recipient of SOL is an account, and this one is not listed',
    'open',
    ours(pay(ata(SHOP), 5n)),
    'deny recipient-not-allowed',
  ],
  [
    'tokens to the token account of a token account',
    'derived for an account that nobody listed',
    'open',
    ours(payToken(ata(SHOP), 5n)),
    'deny recipient-not-allowed',
  ],
  [
    'an account for the shop at our expense, twice',
    'whoever closes it keeps the rent: each counts',
    'open',
    ours(openFor(SHOP), openFor(SHOP), openFor(SHOP)),
    'deny rent-exceeded',
  ],
  [
    'an account for the shop, the window full',
    'rent is SOL like any other',
    'open',
    ours(openFor(SHOP)),
    'deny window-exceeded',
    spentBefore('SOL', '7960000'),
  ],
  [
    'a payment out of an account with a seed',
    'it is opened by our signature',
    'open',
    ours(system([FRESH, AGENT, STRANGER], 11, 5n, 4n, hex('73656564'), hex(SYSTEM_PROGRAM))),
    'deny recipient-not-allowed',
  ],
  [
    'the second of two signers names our accounts',
    'naming allows nothing',
    'anybody',
    both(checked(us.usdc, ata(STRANGER), AGENT)),
    'deny recipient-not-allowed',
    { owners: [AGENT, OTHER, SHOP] },
  ],
  [
    'lamports of the pinned nonce',
    'withdrawn to ourselves: nothing leaves',
    'nonce',
    ours(system([NONCE, AGENT, HASHES, RENT, AGENT], 5, 5n)),
    'allow',
  ],
];

export const trickRows: readonly Draft[] = [
  ...group('roles', roles),
  ...group('netting', netting),
  ...group('names', names),
];
