/** Instructions of known programs that are almost what they seem. One rule a row. */
import t from 'tap';
import { readEffects } from '../../policy/effects.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  LOADER_V3_PROGRAM,
  SQUADS_PROGRAM,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
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

t.test('what is always refused is told by its name and its class', async (t) => {
  const tokens = [
    [TOKEN_PROGRAM, 'token'],
    [TOKEN_2022_PROGRAM, 'token-2022'],
  ] as const;
  const common =
    '0 initializeMint creation, 2 initializeMultisig creation, 7 mintTo extension, 14 mintToChecked extension, 19 initializeMultisig2 creation, 20 initializeMint2 creation';
  const token2022 = `25 initializeMintCloseAuthority extension, 26 transferFee extension, 27 confidentialTransfer hidden-amount,
    28 defaultAccountState extension, 29 reallocate extension, 30 memoRequired extension, 31 createNativeMint creation,
    32 initializeNonTransferableMint extension, 33 interestBearing extension, 34 cpiGuard extension,
    35 initializePermanentDelegate extension, 36 transferHook extension, 37 confidentialTransferFee hidden-amount,
    39 metadataPointer extension, 40 groupPointer extension, 41 groupMemberPointer extension, 42 confidentialMintBurn hidden-amount,
    43 scaledUiAmount extension, 44 pausable extension, 46 permissionedBurn extension`;
  const loader = `0 initializeBuffer code, 1 write code, 2 deployWithMaxDataLen code, 4 setAuthority authority, 5 close moves-value,
    6 extendProgram code, 7 setAuthorityChecked authority`;
  const tables: readonly (readonly [typeof AGENT, string, string, bytes: number])[] = [
    ...tokens.map(([program, name]) => [program, name, common, 1] as const),
    [TOKEN_2022_PROGRAM, 'token-2022', token2022, 1],
    [LOADER_V3_PROGRAM, 'loader', loader, 4],
  ];
  for (const [program, name, table, bytes] of tables) {
    for (const row of table.split(',')) {
      const [tag, instruction, why] = row.trim().split(' ');
      const data = bytes === 4 ? u32(Number(tag)) : Uint8Array.of(Number(tag));
      const [said = ''] = read(call(program, [OTHER], data));
      t.ok(said.includes(`: ${name}.${instruction}, ${why}: it `), said);
    }
  }
});
