/** What no policy can allow: programs and instructions that give away, hide or defer. All under the policy that names everything. */
import { knownPubkey } from '../../../policy/keys.ts';
import {
  LOADER_V3_PROGRAM,
  SQUADS_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../../policy/programs/addresses.ts';
import { bytesOf, UNKNOWN } from '../../policy/messages.ts';
import type { Draft } from '../world.ts';
import { AGENT, both, call, EURO, FRESH, hex, MULTISIG, ours, STRANGER, system, u32, us } from '../world.ts';

const NEVER = 'deny always-refused';

const programs: readonly (readonly [name: string, address: string, data: Uint8Array])[] = [
  ['vote withdraw', 'Vote111111111111111111111111111111111111111', bytesOf(u32(3), 1n)],
  ['vote authorize', 'Vote111111111111111111111111111111111111111', bytesOf(u32(1))],
  ['lookup table create', 'AddressLookupTab1e1111111111111111111111111', bytesOf(u32(0))],
  ['lookup table extend', 'AddressLookupTab1e1111111111111111111111111', bytesOf(u32(2))],
  ['lookup table close', 'AddressLookupTab1e1111111111111111111111111', bytesOf(u32(4))],
  ['loader v2', 'BPFLoader2111111111111111111111111111111111', bytesOf(u32(0))],
  ['loader v4', 'LoaderV411111111111111111111111111111111111', bytesOf(u32(0))],
  ['config', 'Config1111111111111111111111111111111111111', bytesOf(u32(0))],
  ['feature', 'Feature111111111111111111111111111111111111', bytesOf(u32(0))],
  ['zk proof', 'ZkE1Gama1Proof11111111111111111111111111111', bytesOf(1)],
];

const loader = [0, 1, 2, 3, 4, 5, 6, 7].map((tag): Draft => {
  const accounts =
    tag === 3
      ? [
          FRESH,
          FRESH,
          FRESH,
          STRANGER,
          knownPubkey('SysvarRent111111111111111111111111111111111'),
          knownPubkey('SysvarC1ock11111111111111111111111111111111'),
          STRANGER,
        ]
      : [FRESH, AGENT];
  return {
    name: `loader v3, instruction ${tag}`,
    why: 'an agent has no business with programs’ code',
    policy: 'open',
    what: ours(call(LOADER_V3_PROGRAM, accounts, u32(tag))),
    // An upgrade is decoded, so that it can be shown, and is refused twice over.
    expect: tag === 3 ? `${NEVER} instruction-never-allowed` : NEVER,
  };
});

const mintTags: readonly (readonly [tag: number, name: string])[] = [
  [0, 'initializeMint'],
  [2, 'initializeMultisig'],
  [7, 'mintTo'],
  [14, 'mintToChecked'],
  [19, 'initializeMultisig2'],
  [20, 'initializeMint2'],
];
const extensionTags = [25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 39, 40, 41, 42, 43, 44, 46];
const interfaces = ['d2e11ea258b84d8d', 'dde9312db5cadcc8', 'ea122038598d25b5', 'faa6b4fa0d0cb846', '9820deb0dfed7486'];

const tokens: readonly Draft[] = [
  ...[TOKEN_PROGRAM, TOKEN_2022_PROGRAM].flatMap((program) =>
    mintTags.map(
      ([tag, name]): Draft => ({
        name: `${program === TOKEN_PROGRAM ? 'token' : 'token-2022'}.${name}`,
        why: 'an agent makes no mints and no token multisigs',
        policy: 'open',
        what: ours(call(program, [us.usdc, EURO, AGENT], tag, 1n)),
        expect: NEVER,
      }),
    ),
  ),
  ...extensionTags.map(
    (tag): Draft => ({
      name: `token-2022, extension ${tag}`,
      why:
        tag === 27 || tag === 37 || tag === 42
          ? 'the amount is hidden from everybody'
          : 'it administers a mint or what holds its tokens',
      policy: 'open',
      what: ours(call(TOKEN_2022_PROGRAM, [us.euro, EURO, AGENT], tag, 0)),
      expect: NEVER,
    }),
  ),
  ...interfaces.map(
    (discriminator): Draft => ({
      name: `token-2022, interface ${discriminator}`,
      why: 'metadata and groups of mints are not an agent’s',
      policy: 'open',
      what: ours(call(TOKEN_2022_PROGRAM, [EURO, AGENT], hex(discriminator))),
      expect: NEVER,
    }),
  ),
];

const squads: readonly (readonly [name: string, discriminator: string, why: string])[] = [
  ['multisigCreateV2', '32ddc75d28f58be9', 'an agent makes no multisigs'],
  ['multisigAddMember', '01dbd76cb8e5d608', 'it changes who decides'],
  ['multisigRemoveMember', 'd975b1d2b691da48', 'it changes who decides'],
  ['multisigSetTimeLock', '949a794dd4fe9b48', 'it changes how long the owner may object'],
  ['multisigChangeThreshold', '8d2a0f7ea95c3eb5', 'it changes who decides'],
  ['multisigSetConfigAuthority', '8f5dc78f5ca9c1e8', 'it gives the whole multisig away'],
  ['multisigSetRentCollector', '30cc4139d2469c4a', 'it diverts rent'],
  ['multisigAddSpendingLimit', '0bf29f2a56c55973', 'it stacks another limit on the ones the owner gave'],
  ['multisigRemoveSpendingLimit', 'e4c6886f7b04b271', 'the owner gives and takes limits'],
  ['configTransactionExecute', '7292f4bdfc8c2428', 'what it does stands elsewhere'],
  [
    'vaultTransactionExecute',
    'c208a15799a419ab',
    'what it does stands elsewhere, and it may ask for our own signature',
  ],
  ['transactionBufferCreate', 'f5c9716c253f1d59', 'the content comes in another transaction'],
  ['transactionBufferExtend', 'e69d433805eef592', 'the content comes in another transaction'],
  ['transactionBufferClose', '11b6d0e48818b266', 'the content comes in another transaction'],
  ['vaultTransactionCreateFromBuffer', 'de36954457f630e7', 'its content is only a hash here'],
  ['batchCreate', 'c28e8d1137b914f8', 'a batch grows after it was looked at'],
  ['batchAddTransaction', '5964e0124546364c', 'a batch grows after it was looked at'],
  ['batchExecuteTransaction', 'ac2cb398157feab4', 'what it does stands elsewhere'],
  ['proposalActivate', '0b225cf89a1b336a', 'it works on what the message does not show'],
  ['proposalReject', 'f33e869ce66af687', 'it works on what the message does not show'],
  ['proposalCancel', '1b2a7fed26a354cb', 'it works on what the message does not show'],
  ['proposalCancelV2', 'cd29c23ddc8b10f7', 'it works on what the message does not show'],
  ['vaultTransactionAccountsClose', 'c447bbb00223aaa5', 'anybody may do this; no agent need'],
];

export const refusedRows: readonly Draft[] = [
  ...programs.map(
    ([name, address, data]): Draft => ({
      name,
      why: 'an agent’s wallet never signs for this program',
      policy: 'open',
      what: ours(call(knownPubkey(address), [AGENT, STRANGER], data)),
      expect: NEVER,
    }),
  ),
  ...loader,
  ...tokens,
  ...squads.map(
    ([name, discriminator, why]): Draft => ({
      name: `squads.${name}`,
      why,
      policy: 'voting',
      what: ours(call(SQUADS_PROGRAM, [MULTISIG, AGENT, FRESH], hex(discriminator))),
      expect: NEVER,
    }),
  ),
  {
    name: 'squads.configTransactionCreate, a new member',
    why: 'who may vote is for the members to decide, not to be asked by an agent',
    policy: 'voting',
    what: ours(
      call(SQUADS_PROGRAM, [MULTISIG, FRESH, AGENT, AGENT], hex('9bec57e4894b5127'), u32(1), 0, hex(STRANGER), 7, 0),
    ),
    expect: NEVER,
  },
  {
    name: 'a program nobody knows',
    why: 'what is not decoded is refused',
    policy: 'open',
    what: both(call(UNKNOWN, [AGENT], 1, 2, 3)),
    expect: 'deny program-unknown',
  },
  {
    name: 'system, instruction 14',
    why: 'an instruction the chain may learn later',
    policy: 'open',
    what: both(system([AGENT], 14)),
    expect: 'deny instruction-unknown',
  },
  {
    name: 'token, instruction 47',
    why: 'an instruction the chain may learn later',
    policy: 'open',
    what: both(call(TOKEN_PROGRAM, [us.usdc], 47)),
    expect: 'deny instruction-unknown',
  },
];
