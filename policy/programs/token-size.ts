/** How large a new token account is, which decides its rent. Sizes in bytes, from the Token-2022 account layout. */
import type { TokenProgramName } from './token.ts';

const BASE_ACCOUNT_BYTES = 165;
const ACCOUNT_TYPE_BYTES = 1;
/** Type and length, two bytes each, before every extension. */
const EXTENSION_HEADER_BYTES = 4;

/**
 * The extensions of a Token-2022 mint, and what each adds to its accounts: bytes of the account's own extension, or null when the
 * account gets none.
 */
const accountExtensionBytes = {
  transferFeeConfig: 8,
  mintCloseAuthority: null,
  confidentialTransferMint: null,
  confidentialTransferFee: null,
  defaultAccountState: null,
  nonTransferable: 0,
  interestBearingConfig: null,
  permanentDelegate: null,
  transferHook: 1,
  metadataPointer: null,
  tokenMetadata: null,
  groupPointer: null,
  tokenGroup: null,
  groupMemberPointer: null,
  tokenGroupMember: null,
  confidentialMintBurn: null,
  scaledUiAmountConfig: null,
  pausableConfig: 0,
  permissionedBurn: null,
} as const satisfies Record<string, number | null>;

export type MintExtension = keyof typeof accountExtensionBytes;

/** The names a policy may use for a mint's extensions. */
export const mintExtensions = Object.keys(accountExtensionBytes) as readonly MintExtension[];

/**
 * Bytes of an associated token account for a mint with these extensions. Under Token-2022 every one has ImmutableOwner (empty),
 * and what the mint's extensions require.
 */
export function tokenAccountSize(program: TokenProgramName, extensions: readonly MintExtension[]): number {
  if (program === 'token') return BASE_ACCOUNT_BYTES;
  let size = BASE_ACCOUNT_BYTES + ACCOUNT_TYPE_BYTES + EXTENSION_HEADER_BYTES;
  for (const extension of new Set(extensions)) {
    const bytes = accountExtensionBytes[extension];
    if (bytes !== null) size += EXTENSION_HEADER_BYTES + bytes;
  }
  return size;
}
