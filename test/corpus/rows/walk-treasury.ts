import { knownPubkey } from '../../../policy/keys.ts';
import { deriveVault } from '../../../policy/programs/squads-addresses.ts';
import { approve, payFrom, payTokenFrom, propose, useSolLimit, useTokenLimit } from '../squads-calls.ts';
import type { Draft } from '../world.ts';
import { AGENT, OTHER, ours, pay, STRANGER } from '../world.ts';
import type { Step } from './walk-row.ts';
import { walk } from './walk-row.ts';

const SUPPLIER = knownPubkey('9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM');
const PAYROLL = knownPubkey('GsbwXfJraMomNxBcjYLcG3mxkBUiyWXAB32fGbSMQRdW');

const company = { multisig: knownPubkey('CdP6KtoQ3t46dJZ4t2FV2ifcFbDLhLSgxJmQyQn7A3T1'), index: 12n };
const vault = deriveVault(company.multisig, 0);
const solLimit = knownPubkey('3csUnX5cEj3J8XsoFFL5uPCf4XFvRkpnx1VFSmiYJcFu');
const usdcLimit = { createKey: knownPubkey('HXtBm8XZbxaTt41uqaKhwUAa6Z1aPyvJdsZVENiWsetg') };

const treasury: readonly Step[] = [
  [
    'a small invoice in SOL',
    'out of the vault, within its spending limit',
    ours(useSolLimit(company, solLimit, SUPPLIER, 250_000_000n, 'invoice 7')),
    'allow',
  ],
  [
    'an invoice in USDC',
    'to the supplier’s derived account',
    ours(useTokenLimit(company, usdcLimit, SUPPLIER, 200_000_000n, 'invoice 8')),
    'allow',
  ],
  [
    'a larger invoice in USDC',
    'the owner reads it first',
    ours(useTokenLimit(company, usdcLimit, SUPPLIER, 300_000_000n)),
    'needs-approval approval-above',
  ],
  [
    'too large an invoice',
    'over what one payment may be: propose it',
    ours(useTokenLimit(company, usdcLimit, SUPPLIER, 500_000_001n)),
    'deny per-transaction-exceeded approval-above',
  ],
  [
    'that invoice, proposed',
    'the members vote; nothing is charged but rent',
    ours(...propose(company, [payTokenFrom(vault, SUPPLIER, 20_000_000_000n)])),
    'allow',
  ],
  [
    'wages, proposed',
    'several payments in one proposal',
    ours(
      ...propose(company, [payTokenFrom(vault, PAYROLL, 4_000_000_000n), payTokenFrom(vault, PAYROLL, 3_000_000_000n)]),
    ),
    'allow',
  ],
  [
    'wages, paid at once',
    'staff is never paid without the owner',
    ours(useTokenLimit(company, usdcLimit, PAYROLL, 100_000_000n)),
    'needs-approval approval-recipient',
  ],
  [
    'the whole treasury, proposed',
    'more than one proposal may move',
    ours(...propose(company, [payTokenFrom(vault, SUPPLIER, 50_000_000_001n)])),
    'deny proposal-exceeded',
  ],
  [
    'a new supplier, proposed',
    'nobody the policy knows: first the policy, then the payment',
    ours(...propose(company, [payFrom(vault, STRANGER, 1_000n)])),
    'deny proposal-not-allowed',
  ],
  [
    'its own proposal approved',
    'the agent does not vote',
    ours(...propose(company, [payFrom(vault, SUPPLIER, 1_000n)]), approve(company)),
    'deny vote-not-allowed',
  ],
  ['somebody’s proposal approved', 'what it does stands elsewhere', ours(approve(company)), 'deny proposal-incomplete'],
  [
    'a limit of the fourth vault',
    'not declared',
    ours(useSolLimit({ ...company, vaultIndex: 3 }, solLimit, SUPPLIER, 1_000n)),
    'deny vault-undeclared',
  ],
  [
    'an invoice at night',
    'office hours',
    ours(useSolLimit(company, solLimit, SUPPLIER, 1_000n)),
    'deny hours-closed',
    { at: '2026-11-20T22:00:00Z' },
  ],
  [
    'the float topped up',
    'from the vault to the agent: a move among our own',
    ours(useSolLimit(company, solLimit, AGENT, 50_000_000n)),
    'allow',
  ],
  [
    'the float sent away',
    'the agent’s own key pays suppliers as well, within the same limits',
    ours(pay(OTHER, 1_000n)),
    'deny recipient-not-allowed',
  ],
];

export const treasuryRows: readonly Draft[] = walk('treasury', treasury);
