/** Instructions of known programs that are almost what they seem. One rule a row. */
import t from 'tap';
import { readEffects } from '../../policy/effects.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  SQUADS_PROGRAM,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import {
  AGENT,
  ata,
  both,
  CLOCK,
  call,
  hex,
  MULTISIG,
  OTHER,
  SHOP,
  STAKE,
  STRANGER,
  USDC,
  u32,
} from '../corpus/world.ts';
import type { Call } from './messages.ts';

function read(instruction: Call): string[] {
  const context = { agent: AGENT, mints: new Map(), resolveRecipient: () => null, rentPerByte: 0n };
  const { effects, refusals } = readEffects([both(instruction)], context);
  const kinds = effects.map(({ kind }) => kind).filter((kind) => kind !== 'fee');
  return [...kinds, ...refusals.map(({ code, detail }) => (code === 'always-refused' ? `${code}: ${detail}` : code))];
}

const creation = [OTHER, ata(SHOP), SHOP, USDC, SYSTEM_PROGRAM, TOKEN_PROGRAM];
const create = (...data: number[]) => call(ASSOCIATED_TOKEN_PROGRAM, creation, ...data);
const configure = (...data: (number | Uint8Array)[]) =>
  call(SQUADS_PROGRAM, [MULTISIG, AGENT, AGENT, AGENT, SYSTEM_PROGRAM], hex('9bec57e4894b5127'), ...data);
const authorize = (authority: typeof AGENT, custodian: typeof AGENT) =>
  call(STAKE_PROGRAM, [STAKE, CLOCK, authority, custodian], u32(1), Uint8Array.fromHex(STRANGER), u32(0));

t.test('one rule a row', async (t) => {
  const rows: readonly [name: string, instruction: Call, ...outcome: string[]][] = [
    ['a token account for somebody, at somebody’s cost', create()],
    ['the same, said', create(0)],
    ['the same, if it is not there', create(1)],
    ['an instruction nobody knows, with the same accounts', create(3), 'instruction-unknown'],
    ['a change of a multisig that cannot be read', configure(u32(1), 9), 'instruction-malformed'],
    ['somebody’s stake, with somebody’s custodian', authorize(OTHER, STRANGER)],
    ['our stake', authorize(AGENT, OTHER), 'authorityChange'],
    ['somebody’s stake, with us as its custodian', authorize(OTHER, AGENT), 'authorityChange'],
  ];
  for (const [name, instruction, ...outcome] of rows) t.same(read(instruction), outcome, name);
});

t.test('what a refused change of a multisig would have done is told', async (t) => {
  const [said] = read(configure(u32(2), 3, u32(0), 2, 1, 0, 0));
  t.match(said, /^always-refused: .*setTimeLock, changeThreshold/);
});
