/**
 * What an agent's wallet never signs, whatever the policy says: programs and instructions by name, each with the class of harm that
 * makes it so. Named so that a refusal can say what it refused; nothing of them is decoded further.
 */
import { knownPubkey } from '../keys.ts';
import type { Pubkey } from '../types.ts';

const classes = {
  'moves-value': 'it moves value in a way that shows no amount or no owner',
  'hidden-amount': 'it moves amounts that nobody but their owner can read',
  authority: 'it gives away the right over something',
  extension: 'it administers a mint or what holds its tokens',
  creation: 'it makes something an agent’s wallet has no use for',
  code: 'it changes or removes a program',
  validator: 'it is for who runs a validator',
  'lookup-table': 'it changes what messages mean elsewhere',
  buffer: 'its content stands in another transaction',
  execution: 'it executes what the message does not show',
  'foreign-content': 'it works on something that the message does not show',
  membership: 'it changes who may decide over a multisig',
  maintenance: 'it cleans up what others made; no signature of ours is needed for it',
} as const satisfies Record<string, string>;

export type RefusedClass = keyof typeof classes;

/** The class in words. */
export function explainRefusedClass(name: RefusedClass): string {
  return classes[name];
}

/** Tag, name and class of instructions of a program whose other instructions are decoded. */
export type RefusedTable = readonly (readonly [tag: number, name: string, why: RefusedClass])[];

/** Instructions that both token programs have. */
export const refusedTokenInstructions: RefusedTable = [
  [0, 'initializeMint', 'creation'],
  [2, 'initializeMultisig', 'creation'],
  [7, 'mintTo', 'extension'],
  [14, 'mintToChecked', 'extension'],
  [19, 'initializeMultisig2', 'creation'],
  [20, 'initializeMint2', 'creation'],
];

/** Instructions of Token-2022 alone. The second byte of those with a family of their own is looked at by no more than their name. */
export const refusedToken2022Instructions: RefusedTable = [
  [25, 'initializeMintCloseAuthority', 'extension'],
  [26, 'transferFee', 'extension'],
  [27, 'confidentialTransfer', 'hidden-amount'],
  [28, 'defaultAccountState', 'extension'],
  [29, 'reallocate', 'extension'],
  [30, 'memoRequired', 'extension'],
  [31, 'createNativeMint', 'creation'],
  [32, 'initializeNonTransferableMint', 'extension'],
  [33, 'interestBearing', 'extension'],
  [34, 'cpiGuard', 'extension'],
  [35, 'initializePermanentDelegate', 'extension'],
  [36, 'transferHook', 'extension'],
  [37, 'confidentialTransferFee', 'hidden-amount'],
  [39, 'metadataPointer', 'extension'],
  [40, 'groupPointer', 'extension'],
  [41, 'groupMemberPointer', 'extension'],
  [42, 'confidentialMintBurn', 'hidden-amount'],
  [43, 'scaledUiAmount', 'extension'],
  [44, 'pausable', 'extension'],
  [46, 'permissionedBurn', 'extension'],
];

/** The first eight bytes of the metadata and group interfaces that Token-2022 mints speak. */
export const refusedInterfaces: ReadonlySet<string> = new Set([
  'd2e11ea258b84d8d',
  'dde9312db5cadcc8',
  'ea122038598d25b5',
  'd7a6e4e45464567b',
  'faa6b4fa0d0cb846',
  '79716c2736330004',
  '6c25ab8ff81e126e',
  'a1695801edddd8cb',
  '9820deb0dfed7486',
]);

export interface RefusedProgram {
  readonly name: string;
  readonly why: RefusedClass;
}

/** Programs of which no instruction is ever signed. */
export const refusedPrograms: ReadonlyMap<Pubkey, RefusedProgram> = new Map(
  (
    [
      ['Vote111111111111111111111111111111111111111', 'vote', 'validator'],
      ['AddressLookupTab1e1111111111111111111111111', 'address-lookup-table', 'lookup-table'],
      ['BPFLoader1111111111111111111111111111111111', 'loader-v1', 'code'],
      ['BPFLoader2111111111111111111111111111111111', 'loader-v2', 'code'],
      ['LoaderV411111111111111111111111111111111111', 'loader-v4', 'code'],
      ['NativeLoader1111111111111111111111111111111', 'native-loader', 'code'],
      ['Config1111111111111111111111111111111111111', 'config', 'validator'],
      ['Feature111111111111111111111111111111111111', 'feature', 'validator'],
      ['ZkE1Gama1Proof11111111111111111111111111111', 'zk-elgamal-proof', 'hidden-amount'],
    ] as const
  ).map(([address, name, why]) => [knownPubkey(address), { name, why }]),
);
