/** A local chain for tests: two funded wallets, mints with any extensions, transactions whose signatures are not looked at. */
import type { Address } from '@solana/kit';
import { getTransactionDecoder, lamports } from '@solana/kit';
import { FailedTransactionMetadata, LiteSVM } from 'litesvm';
import { knownPubkey, pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import { encodeMessage } from '../../policy/message.ts';
import { SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import type { MintExtension } from '../../policy/programs/token-size.ts';
import type { Hash, Pubkey } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, littleEndian, testKey } from './messages.ts';

export const [agent, other, mint, stranger] = [1, 2, 3, 4].map(testKey) as [Pubkey, Pubkey, Pubkey, Pubkey];
export const a = (key: Pubkey) => pubkeyToBase58(key) as Address;
export const u32 = (value: number) => littleEndian(BigInt(value), 4);
const key = pubkeyToBytes(other);
const none = new Uint8Array(32);

/** How a mint gets an extension: the bytes it takes in the mint, and the instruction that prepares it. */
type Setup = readonly [bytes: number, data: Uint8Array];
export const extensionSetup: Partial<Record<MintExtension, Setup>> = {
  transferFeeConfig: [108, bytesOf(26, 0, 0, 0, 50, 0, 1_000n)],
  mintCloseAuthority: [32, bytesOf(25, 1, key)],
  confidentialTransferMint: [65, bytesOf(27, 0, key, 1, none)],
  defaultAccountState: [1, bytesOf(28, 0, 1)],
  nonTransferable: [0, bytesOf(32)],
  interestBearingConfig: [52, bytesOf(33, 0, key, 0, 0)],
  permanentDelegate: [32, bytesOf(35, key)],
  transferHook: [64, bytesOf(36, 0, key, none)],
  metadataPointer: [64, bytesOf(39, 0, key, none)],
  groupPointer: [64, bytesOf(40, 0, key, none)],
  groupMemberPointer: [64, bytesOf(41, 0, key, none)],
  scaledUiAmountConfig: [56, bytesOf(43, 0, key, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f)],
  pausableConfig: [33, bytesOf(44, 0, key)],
};

export function openChain(): LiteSVM {
  const chain = new LiteSVM().withSigverify(false).withNativeMints();
  for (const wallet of [agent, other]) chain.airdrop(a(wallet), lamports(100_000_000_000n));
  return chain;
}

/** Sends a message and throws when it fails. */
export function send(chain: LiteSVM, message: Message): void {
  const failure = trySend(chain, message);
  if (failure !== null) throw new Error(failure);
}

/** Sends a message and says why it failed, null when it did not. */
export function trySend(chain: LiteSVM, message: Message): string | null {
  const lifetime = knownPubkey(chain.latestBlockhash()) as string as Hash;
  const signatures = new Uint8Array(64 * message.requiredSignatures);
  // Unchecked, but the chain tells transactions apart by them.
  crypto.getRandomValues(signatures);
  const bytes = encodeMessage({ ...message, lifetime });
  const wire =
    message.version === 1 ? bytesOf(bytes, signatures) : bytesOf(message.requiredSignatures, signatures, bytes);
  const outcome = chain.sendTransaction(getTransactionDecoder().decode(wire));
  return outcome instanceof FailedTransactionMetadata ? outcome.toString() : null;
}

/** A mint whose every authority is `other`. */
export function createMint(
  chain: LiteSVM,
  program: Pubkey,
  extensions: readonly MintExtension[],
  decimals: number,
  mintKey = mint,
): void {
  const setups = extensions.map((name): Setup => extensionSetup[name] ?? [0, bytesOf()]);
  const size = setups.reduce((sum, [bytes]) => sum + 4 + bytes, extensions.length === 0 ? 82 : 166);
  const rent = chain.minimumBalanceForRentExemption(BigInt(size));
  const data = bytesOf(u32(0), rent, BigInt(size), pubkeyToBytes(program));
  const calls: Call[] = [
    { program: SYSTEM_PROGRAM, accounts: [other, mintKey], data },
    ...setups.map(([, data]) => ({ program, accounts: [mintKey], data })),
    { program, accounts: [mintKey], data: bytesOf(20, decimals, pubkeyToBytes(other), 0) },
  ];
  send(chain, buildMessage([other, mintKey], calls));
}
