/** What may be proposed for a vault, and votes for things that the message does not show. */
import { SYSTEM_PROGRAM } from '../../../policy/programs/addresses.ts';
import { deriveVault } from '../../../policy/programs/squads-addresses.ts';
import { bytesOf } from '../../policy/messages.ts';
import {
  approve,
  createProposal,
  createTransaction,
  giveAway,
  packInner,
  payFrom,
  payTokenFrom,
  propose,
  useSolLimit,
} from '../squads-calls.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  both,
  call,
  FAKE_USDC,
  FRIEND,
  HASHES,
  MULTISIG,
  NONCE,
  OTHER,
  ours,
  SHOP,
  STAFF,
  STRANGER,
  system,
  TABLE,
  VAULT,
} from '../world.ts';
import type { Row } from './row.ts';
import { group } from './row.ts';

const here = { multisig: MULTISIG };
const other = { multisig: FRIEND };
const paySol = payFrom(VAULT, SHOP, 5n);
const inner = packInner(VAULT, [paySol]);
const changed = (changes: Parameters<typeof packInner>[2]) => packInner(VAULT, [paySol], changes);
const packed = (bytes: Uint8Array) => ours(createTransaction(here, bytes), createProposal(here));
const table = { table: TABLE, writable: Uint8Array.of(0), readonly: Uint8Array.of() };
const sponsor = { ...here, rentPayer: OTHER };
const honest = propose(here, [paySol]);

const proposals: readonly Row[] = [
  ['a proposal', 'created and proposed in one message; the rent is ours', 'squads', ours(...honest), 'allow'],
  ['a proposal somebody else pays for', 'then its rent is his', 'squads', both(...propose(sponsor, [paySol])), 'allow'],
  [
    'a proposal at the limit',
    'as much as one may move, far over what the agent may spend',
    'squads',
    ours(...propose(here, [payFrom(VAULT, SHOP, 7_000_000n)])),
    'allow',
  ],
  [
    'a proposal over the limit',
    'one lamport more',
    'squads',
    ours(...propose(here, [payFrom(VAULT, SHOP, 7_000_001n)])),
    'deny proposal-exceeded',
  ],
  [
    'a proposal over the limit in two',
    'its payments are one sum',
    'squads',
    ours(...propose(here, [payFrom(VAULT, SHOP, 7_000_000n), payFrom(VAULT, SHOP, 1n)])),
    'deny proposal-exceeded',
  ],
  [
    'a proposal of tokens',
    'to the derived account of a listed owner',
    'squads',
    ours(...propose(here, [payTokenFrom(VAULT, SHOP, 900n)])),
    'allow',
  ],
  [
    'a proposal of tokens nobody pinned',
    'not decoded as ours',
    'squads',
    ours(...propose(here, [payTokenFrom(VAULT, SHOP, 5n, FAKE_USDC)])),
    'deny asset-not-allowed',
  ],
  [
    'a proposal to pay a stranger',
    'the members might not look',
    'squads',
    ours(...propose(here, [payFrom(VAULT, STRANGER, 5n)])),
    'deny proposal-not-allowed',
  ],
  [
    'a proposal to give the vault away',
    'an effect, inside',
    'squads',
    ours(...propose(here, [giveAway(VAULT, STRANGER)])),
    'deny proposal-not-allowed',
  ],
  [
    'a proposal to call an unknown program',
    'what is inside is decoded like the rest',
    'squads',
    ours(...propose(here, [call(FRIEND, [VAULT], 1)])),
    'deny program-unknown',
  ],
  [
    'a proposal to fill the agent’s float',
    'a move among our own accounts',
    'squads',
    ours(...propose(here, [payFrom(VAULT, AGENT, 9_000_000n)])),
    'allow',
  ],
  [
    'a proposal and our vote',
    'the policy gives no vote',
    'squads',
    ours(...honest, approve(here)),
    'deny vote-not-allowed',
  ],
  [
    'a proposal and our vote, allowed',
    'for what this very message shows',
    'voting',
    ours(...honest, approve(here)),
    'allow',
  ],
  [
    'a proposal and another member’s vote',
    'his vote is his',
    'squads',
    both(...honest, approve({ ...here, agent: OTHER })),
    'allow',
  ],
  ['a vote alone', 'for something that stands elsewhere', 'voting', ours(approve(here)), 'deny proposal-incomplete'],
  [
    'a vote for another index',
    'one is made, another is voted for',
    'voting',
    ours(...honest, approve({ ...here, index: 8n })),
    'deny proposal-incomplete',
  ],
  [
    'a vote before the proposal',
    'in this order it fails on chain',
    'voting',
    ours(createTransaction(here, inner), approve(here), createProposal(here)),
    'deny proposal-incomplete',
  ],
  [
    'a proposal of another index',
    'one is made, another is proposed',
    'squads',
    ours(createTransaction(here, inner), createProposal({ ...here, index: 8n })),
    'deny proposal-incomplete proposal-incomplete',
  ],
  [
    'a transaction nobody proposes',
    'it could be proposed later, by anybody',
    'squads',
    ours(createTransaction(here, inner)),
    'deny proposal-incomplete',
  ],
  [
    'a proposal alone',
    'what is proposed stands elsewhere',
    'squads',
    ours(createProposal(here)),
    'deny proposal-incomplete',
  ],
  [
    'a draft',
    'it can be filled afterwards',
    'squads',
    ours(createTransaction(here, inner), createProposal(here, { draft: 1 })),
    'deny proposal-incomplete proposal-incomplete',
  ],
  [
    'a proposal for another vault',
    'not declared',
    'squads',
    ours(createTransaction({ ...here, vaultIndex: 1 }, inner), createProposal(here)),
    'deny vault-undeclared',
  ],
  [
    'a proposal for another multisig',
    'not declared',
    'squads',
    ours(createTransaction(other, inner), createProposal(other)),
    'deny vault-undeclared',
  ],
  [
    'a proposal with ephemeral signers',
    'signers nobody has seen',
    'squads',
    ours(createTransaction(here, inner, { ephemeral: 1 }), createProposal(here)),
    'deny proposal-malformed',
  ],
  [
    'a proposal with a lookup table',
    'what it holds is looked up when it is executed',
    'squads',
    packed(changed({ lookups: [table] })),
    'deny proposal-malformed',
  ],
  [
    'a proposal with bytes behind it',
    'Squads ignores them; a reader might not',
    'squads',
    packed(bytesOf(inner, 0)),
    'deny proposal-malformed',
  ],
  [
    'a proposal cut short',
    'it cannot be read to its end',
    'squads',
    packed(inner.subarray(0, -1)),
    'deny proposal-malformed',
  ],
  [
    'a proposal that a second key signs',
    'only the vault may',
    'squads',
    packed(changed({ requiredSignatures: 2, writableSigners: 2, writableOthers: 0 })),
    'deny proposal-malformed',
  ],
  [
    'a proposal of another vault’s message',
    'the key that signs is another',
    'squads',
    packed(packInner(deriveVault(MULTISIG, 1), [payFrom(deriveVault(MULTISIG, 1), SHOP, 5n)])),
    'deny proposal-malformed',
  ],
  [
    'a proposal with a key twice',
    'the chain refuses it only when it is executed',
    'squads',
    packed(changed({ keys: [VAULT, SHOP, SYSTEM_PROGRAM, SHOP] })),
    'deny proposal-malformed',
  ],
  [
    'a proposal that calls Squads',
    'a multisig works on a multisig',
    'squads',
    ours(...propose(here, [useSolLimit({ ...here, agent: VAULT }, STAFF, SHOP, 5n)])),
    'deny proposal-malformed',
  ],
  [
    'two proposals',
    'each is judged by itself',
    'squads',
    both(...propose(sponsor, [paySol]), ...propose({ ...sponsor, index: 8n }, [payFrom(VAULT, SHOP, 7_000_000n)])),
    'allow',
  ],
  [
    'the exploit’s shape',
    'a nonce first, then create, propose and vote for an unknown program’s call',
    'voting',
    ours(system([NONCE, HASHES, AGENT], 4), ...propose(here, [call(FRIEND, [VAULT], 1)]), approve(here)),
    'deny program-unknown nonce-not-allowed',
  ],
];

export const proposalRows: readonly Draft[] = group('proposal', proposals);
