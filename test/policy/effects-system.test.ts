/** What System and Stake instructions do to our accounts. */
import t from 'tap';
import { STAKE_PROGRAM, SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import type { Row } from './effects-rows.ts';
import {
  agent,
  at,
  bytes,
  CLOCK,
  checkRows,
  HASHES,
  HISTORY,
  other,
  payer,
  RENT,
  seed,
  stranger,
  u32,
  usdc,
  vault,
} from './effects-rows.ts';
import { bytesOf, UNKNOWN } from './messages.ts';

const system: Row[] = [
  ['create an account', SYSTEM_PROGRAM, [agent, other], bytesOf(u32(0), 9n, 0n, bytes(UNKNOWN)), 'rent 9 for nobody'],
  ['created by others', SYSTEM_PROGRAM, [payer, other], bytesOf(u32(0), 9n, 0n, bytes(UNKNOWN))],
  [
    'we are created',
    SYSTEM_PROGRAM,
    [payer, agent],
    bytesOf(u32(0), 9n, 0n, bytes(stranger)),
    'assign of agent to stranger',
  ],
  [
    'with a seed',
    SYSTEM_PROGRAM,
    [agent, other],
    bytesOf(u32(3), bytes(agent), seed, 9n, 0n, bytes(UNKNOWN)),
    'rent 9 for nobody',
  ],
  ['prefunded', SYSTEM_PROGRAM, [other, agent], bytesOf(u32(13), 9n, 0n, bytes(UNKNOWN)), 'rent 9 for nobody'],
  [
    'prefunded, without payer',
    SYSTEM_PROGRAM,
    [agent],
    bytesOf(u32(13), 0n, 0n, bytes(stranger)),
    'assign of agent to stranger',
  ],
  ['assign', SYSTEM_PROGRAM, [agent], bytesOf(u32(1), bytes(stranger)), 'assign of agent to stranger'],
  ['assign of others', SYSTEM_PROGRAM, [payer], bytesOf(u32(1), bytes(stranger))],
  [
    'assign by our seed',
    SYSTEM_PROGRAM,
    [other, agent],
    bytesOf(u32(10), bytes(agent), seed, bytes(stranger)),
    'assign of other to stranger',
  ],
  [
    'allocate by our seed',
    SYSTEM_PROGRAM,
    [other, agent],
    bytesOf(u32(9), bytes(agent), seed, 1n, bytes(stranger)),
    'assign of other to stranger',
  ],
  ['allocate', SYSTEM_PROGRAM, [agent], bytesOf(u32(8), 1n), 'freeze agent'],
  [
    'pay by our seed',
    SYSTEM_PROGRAM,
    [other, agent, stranger],
    bytesOf(u32(11), 9n, seed, bytes(UNKNOWN)),
    'SOL 9 from other to stranger',
  ],
  ['pay ourselves by our seed', SYSTEM_PROGRAM, [other, agent, agent], bytesOf(u32(11), 9n, seed, bytes(UNKNOWN))],
  ['pay our vault', SYSTEM_PROGRAM, [agent, vault], bytesOf(u32(2), 9n)],
  ['wrap', SYSTEM_PROGRAM, [agent, at.wrapped], bytesOf(u32(2), 9n)],
  ['advance', SYSTEM_PROGRAM, [other, HASHES, payer], bytesOf(u32(4)), 'nonce advance by payer'],
  [
    'out of our nonce account',
    SYSTEM_PROGRAM,
    [other, stranger, HASHES, RENT, agent],
    bytesOf(u32(5), 9n),
    'SOL 9 from other to stranger',
  ],
  ['out of it to us', SYSTEM_PROGRAM, [other, agent, HASHES, RENT, agent], bytesOf(u32(5), 9n)],
  [
    'a nonce account of ours',
    SYSTEM_PROGRAM,
    [other, HASHES, RENT],
    bytesOf(u32(6), bytes(agent)),
    'nonce initialize by agent',
  ],
  ['a nonce account of others', SYSTEM_PROGRAM, [other, HASHES, RENT], bytesOf(u32(6), bytes(payer))],
  ['give a nonce away', SYSTEM_PROGRAM, [other, agent], bytesOf(u32(7), bytes(stranger)), 'nonce of other to stranger'],
  ['upgrade a nonce', SYSTEM_PROGRAM, [other], bytesOf(u32(12))],
];

const S = STAKE_PROGRAM;
const lockup = bytesOf(1n, 2n, bytes(other));
const stake: Row[] = [
  [
    'initialize',
    S,
    [other, RENT],
    bytesOf(u32(0), bytes(agent), bytes(stranger), lockup),
    'stake initialize other stranger null',
  ],
  ['initialize checked', S, [other, RENT, payer, agent], bytesOf(u32(9)), 'stake initialize other agent null'],
  ['staker', S, [other, CLOCK, agent], bytesOf(u32(1), bytes(stranger), u32(0)), 'staker of other to stranger'],
  ['withdrawer', S, [other, CLOCK, agent], bytesOf(u32(1), bytes(stranger), u32(1)), 'withdrawer of other to stranger'],
  [
    'a right with another number',
    S,
    [other, CLOCK, agent],
    bytesOf(u32(1), bytes(stranger), u32(7)),
    'withdrawer of other to stranger',
  ],
  [
    'as custodian',
    S,
    [other, CLOCK, payer, agent],
    bytesOf(u32(1), bytes(stranger), u32(1)),
    'withdrawer of other to stranger',
  ],
  ['of others', S, [other, CLOCK, payer], bytesOf(u32(1), bytes(stranger), u32(1))],
  ['checked', S, [other, CLOCK, agent, stranger], bytesOf(u32(10), u32(0)), 'staker of other to stranger'],
  [
    'by seed',
    S,
    [other, agent, CLOCK],
    bytesOf(u32(8), bytes(stranger), u32(0), seed, bytes(UNKNOWN)),
    'staker of other to stranger',
  ],
  [
    'by seed, checked',
    S,
    [other, agent, CLOCK, stranger],
    bytesOf(u32(11), u32(1), seed, bytes(UNKNOWN)),
    'withdrawer of other to stranger',
  ],
  [
    'delegate',
    S,
    [other, stranger, CLOCK, HISTORY, usdc, agent],
    bytesOf(u32(2)),
    'stake delegate other stranger null',
  ],
  ['delegate of others', S, [other, stranger, CLOCK, HISTORY, usdc, payer], bytesOf(u32(2))],
  ['split', S, [other, stranger, agent], bytesOf(u32(3), 9n), 'stake split other stranger 9'],
  ['withdraw', S, [other, stranger, CLOCK, HISTORY, agent], bytesOf(u32(4), 9n), 'SOL 9 from other to stranger'],
  ['withdraw to us', S, [other, agent, CLOCK, HISTORY, agent], bytesOf(u32(4), 9n)],
  ['deactivate', S, [other, CLOCK, agent], bytesOf(u32(5)), 'stake deactivate other nobody null'],
  ['lockup', S, [other, agent], bytesOf(u32(6), 0, 0, 1, bytes(stranger)), 'lockup of other to stranger'],
  ['lockup checked', S, [other, agent], bytesOf(u32(12), 1, 5n, 0), 'lockup of other to nobody'],
  ['merge', S, [stranger, other, CLOCK, HISTORY, agent], bytesOf(u32(7)), 'stake merge other stranger null'],
  ['delinquent', S, [other, stranger, payer], bytesOf(u32(14)), 'stake deactivateDelinquent other stranger null'],
  ['move stake', S, [other, stranger, agent], bytesOf(u32(16), 9n), 'stake moveStake other stranger 9'],
  ['move lamports', S, [other, stranger, agent], bytesOf(u32(17), 9n), 'stake moveLamports other stranger 9'],
  ['read', S, [], bytesOf(u32(13))],
];

t.test('System, one rule a row', async (t) => checkRows(t, system));
t.test('Stake, one rule a row', async (t) => checkRows(t, stake));
