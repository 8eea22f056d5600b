/** Loader v3, the one that holds upgradeable programs. An upgrade is decoded so that it can be shown; all of it is always refused. */
import type { InstructionOf, Layouts } from './layout.ts';
import { layoutDecoder } from './layout.ts';

const layouts = {
  upgrade: {
    tag: 3,
    accounts: ['programData', 'upgraded', 'buffer', 'spill', 'rentSysvar', 'clock', 'authority'],
  },
} as const satisfies Layouts;

export type LoaderInstruction = InstructionOf<'loader', typeof layouts>;

export const decodeLoader = layoutDecoder('loader', 4, layouts, [
  [0, 'initializeBuffer', 'code'],
  [1, 'write', 'code'],
  [2, 'deployWithMaxDataLen', 'code'],
  [4, 'setAuthority', 'authority'],
  [5, 'close', 'moves-value'],
  [6, 'extendProgram', 'code'],
  [7, 'setAuthorityChecked', 'authority'],
]);
