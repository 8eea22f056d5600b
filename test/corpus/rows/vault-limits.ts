import { useSolLimit, useTokenLimit } from '../squads-calls.ts';
import type { Draft } from '../world.ts';
import { AGENT, both, FAKE_USDC, FRIEND, MULTISIG, OTHER, ours, pay, SHOP, STAFF, STRANGER } from '../world.ts';
import type { Row } from './row.ts';
import { group } from './row.ts';

const here = { multisig: MULTISIG };
const other = { multisig: FRIEND };

const limits: readonly Row[] = [
  [
    'a limit of SOL',
    'a payment from the vault to a listed recipient',
    'squads',
    ours(useSolLimit(here, STAFF, SHOP, 5_000_000n)),
    'allow',
  ],
  [
    'a limit of SOL, one too many',
    'the wallet’s own limits hold for the vault as well',
    'squads',
    ours(useSolLimit(here, STAFF, SHOP, 5_000_001n)),
    'deny per-transaction-exceeded',
  ],
  [
    'a limit for a stranger',
    'on chain it might have no destinations',
    'squads',
    ours(useSolLimit(here, STAFF, STRANGER, 5n)),
    'deny recipient-not-allowed',
  ],
  [
    'a limit nobody pinned',
    'a second limit beside the first would double it',
    'squads',
    ours(useSolLimit(here, STRANGER, SHOP, 5n)),
    'deny limit-unpinned',
  ],
  [
    'the limit of another multisig',
    'not our vault',
    'squads',
    ours(useSolLimit(other, STAFF, SHOP, 5n)),
    'deny vault-undeclared',
  ],
  [
    'another vault of the multisig',
    'not declared',
    'squads',
    ours(useSolLimit({ ...here, vaultIndex: 1 }, STAFF, SHOP, 5n)),
    'deny vault-undeclared',
  ],
  [
    'a limit of tokens',
    'to the account derived for the recipient',
    'squads',
    ours(useTokenLimit(here, { createKey: FRIEND }, SHOP, 500n)),
    'allow',
  ],
  [
    'a limit of tokens, one too many',
    'perTransaction',
    'squads',
    ours(useTokenLimit(here, { createKey: FRIEND }, SHOP, 501n)),
    'deny per-transaction-exceeded',
  ],
  [
    'a limit of tokens to another account',
    'the chain accepts any account of that owner',
    'squads',
    ours(useTokenLimit(here, { createKey: FRIEND, account: STRANGER }, SHOP, 5n)),
    'deny token-account-not-derived',
  ],
  [
    'a limit with another mint',
    'the limit is for USDC',
    'squads',
    ours(useTokenLimit(here, { createKey: FRIEND, mint: FAKE_USDC }, SHOP, 5n)),
    'deny instruction-malformed',
  ],
  [
    'the limit of SOL used for tokens',
    'the limit is for SOL',
    'squads',
    ours(useTokenLimit(here, { createKey: STAFF }, SHOP, 5n)),
    'deny instruction-malformed',
  ],
  [
    'a limit with a note',
    'a memo counts like one',
    'squads',
    ours(useSolLimit(here, STAFF, SHOP, 5n, 'x'.repeat(64))),
    'allow',
  ],
  [
    'a limit with a long note',
    'one byte longer than memos may be',
    'squads',
    ours(useSolLimit(here, STAFF, SHOP, 5n, 'x'.repeat(65))),
    'deny memo-too-long',
  ],
  [
    'from the vault to the agent',
    'a move among our own accounts',
    'squads',
    ours(useSolLimit(here, STAFF, AGENT, 9_000_000n)),
    'allow',
  ],
  [
    'two uses of one limit',
    'their sum counts',
    'squads',
    ours(useSolLimit(here, STAFF, SHOP, 3_000_000n), useSolLimit(here, STAFF, SHOP, 2_000_001n)),
    'deny per-transaction-exceeded',
  ],
  [
    'a limit and a payment',
    'their sum counts',
    'squads',
    ours(useSolLimit(here, STAFF, SHOP, 3_000_000n), pay(SHOP, 2_000_001n)),
    'deny per-transaction-exceeded',
  ],
  [
    'a limit without a vault in the policy',
    'nothing is declared',
    'open',
    ours(useSolLimit(here, STAFF, SHOP, 5n)),
    'deny vault-undeclared instruction-never-allowed',
  ],
  [
    'somebody else’s limit',
    'not our vault and not our signature',
    'squads',
    both(useSolLimit({ ...other, agent: OTHER }, STAFF, STRANGER, 5n)),
    'allow',
  ],
];

export const limitRows: readonly Draft[] = group('spending limit', limits);
