/**
 * What instructions of the token programs do to our accounts. One is ours when its authority or the account it works on is: an authority
 * may be a delegate, and the instruction does not tell. Amounts are gross: what a transfer fee keeps has left us too.
 */
import { pubkeyToBase58 } from '../keys.ts';
import type { Refusal } from '../message.ts';
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from '../programs/addresses.ts';
import type { TokenCall, TokenInstruction } from '../programs/token.ts';
import type { AuthorityRight, Pubkey } from '../types.ts';
import type { Outcome, Place, Reading } from './context.ts';
import { refuseAt } from './context.ts';
import { assetOfMint, findMint, findMintFault } from './ownership.ts';
import { payOut } from './system.ts';

type Named<Name extends TokenCall['name']> = Extract<TokenCall, { readonly name: Name }>;
type Transfer = Named<'transfer' | 'transferChecked' | 'transferCheckedWithFee'>;
type Amounted = Transfer | Named<'approve' | 'approveChecked' | 'burn' | 'burnChecked'>;

/** The rights both programs know, by number; those above are Token-2022's, for extensions. */
const rights: readonly AuthorityRight[] = ['mintTokens', 'freezeAccount', 'accountOwner', 'closeAccount'];

export function readToken(call: TokenInstruction, reading: Reading, place: Place): Outcome[] {
  if (call.name === 'batch') return call.calls.flatMap((inner) => readCall(inner, reading, place));
  return readCall(call, reading, place);
}

function readCall(call: TokenCall, reading: Reading, place: Place): Outcome[] {
  switch (call.name) {
    case 'transfer':
    case 'transferChecked':
    case 'transferCheckedWithFee':
      return readTransfer(call, reading, place);
    case 'approve':
    case 'approveChecked':
    case 'burn':
    case 'burnChecked':
      return readAmount(call, reading, place);
    case 'revoke':
      return isInvolved(call.source, call.authority, reading) ? [revoke(call.source, reading, place)] : [];
    case 'setAuthority':
      return readSetAuthority(call, reading, place);
    case 'freezeAccount':
    case 'thawAccount': {
      const { account, authority, name } = call;
      const involved = isInvolved(account, authority, reading);
      return involved ? [{ kind: 'freeze', ...place, account, frozen: name === 'freezeAccount' }] : [];
    }
    case 'closeAccount':
    case 'withdrawExcessLamports':
    case 'unwrapLamports':
      return readLamports(call, reading, place);
    case 'initializeAccount':
    case 'initializeAccount2':
    case 'initializeAccount3':
    case 'initializeImmutableOwner':
    case 'syncNative':
    case 'getAccountDataSize':
    case 'amountToUiAmount':
    case 'uiAmountToAmount':
      return [];
  }
}

function isInvolved(account: Pubkey, authority: Pubkey, { isOwner, isOurs }: Reading): boolean {
  return isOwner(authority) || isOurs(account);
}

function programOf({ program }: TokenCall): Pubkey {
  return program === 'token' ? TOKEN_PROGRAM : TOKEN_2022_PROGRAM;
}

/** The mint an instruction works with: what it says, checked, or else the one our account was derived for. */
function findCallMint(call: Amounted, reading: Reading, place: Place): Pubkey | Refusal {
  const named = 'mint' in call ? call.mint : reading.mintOf(call.source);
  if (named === null) return refuseAt(reading, place, 'mint-unknown', pubkeyToBase58(call.source));
  const decimals = 'decimals' in call ? call.decimals : null;
  return findMintFault(reading, place, named, programOf(call), decimals) ?? named;
}

function readTransfer(call: Transfer, reading: Reading, place: Place): Outcome[] {
  const { source, destination, authority, amount } = call;
  const { isOwner, isOurs } = reading;
  const outward = isInvolved(source, authority, reading);
  // What others put into our accounts must be what we know; a plain transfer cannot say.
  if (!outward && (call.name === 'transfer' || !isOurs(destination))) return [];
  const mint = findCallMint(call, reading, place);
  if (typeof mint !== 'string') return [mint];
  if (!outward) return [];

  const recipient = reading.context.resolveRecipient(destination, mint);
  // An account derived for another owner is not ours: no need to derive our own.
  const maybeOurs = recipient === null || isOwner(recipient);
  const free = findMint(reading.context, mint)?.takesFee !== true;
  if (free && maybeOurs && isOurs(destination) && isOurs(source)) return [];
  return [{ kind: 'transfer', ...place, asset: assetOfMint(mint), amount, from: source, destination, recipient }];
}

function readAmount(call: Exclude<Amounted, Transfer>, reading: Reading, place: Place): Outcome[] {
  const { source: account, authority, amount } = call;
  if (!isInvolved(account, authority, reading)) return [];
  const mint = findCallMint(call, reading, place);
  if (typeof mint !== 'string') return [mint];
  const asset = assetOfMint(mint);
  if (call.name === 'burn' || call.name === 'burnChecked') return [{ kind: 'burn', ...place, asset, amount, account }];
  return [{ kind: 'delegation', ...place, asset, amount, account, delegate: call.delegate }];
}

function revoke(account: Pubkey, { mintOf }: Reading, place: Place): Outcome {
  const mint = mintOf(account);
  const asset = mint === null ? null : assetOfMint(mint);
  return { kind: 'delegation', ...place, asset, amount: 0n, account, delegate: null };
}

function readSetAuthority(call: Named<'setAuthority'>, reading: Reading, place: Place): Outcome[] {
  const { account, authority, right, newAuthority: to } = call;
  if (!isInvolved(account, authority, reading)) return [];
  return [{ kind: 'authorityChange', ...place, account, right: rights[right] ?? 'extension', to }];
}

/** What takes lamports out of a token account. How many is not said, so they may only come to us. */
function readLamports(
  call: Named<'closeAccount' | 'withdrawExcessLamports' | 'unwrapLamports'>,
  reading: Reading,
  place: Place,
): Outcome[] {
  const { source: account, destination, authority } = call;
  if (!isInvolved(account, authority, reading)) return [];
  if (reading.isOurs(destination))
    return call.name === 'closeAccount' ? [{ kind: 'close', ...place, account, destination }] : [];
  if (call.name !== 'unwrapLamports' || call.amount === null)
    return [refuseAt(reading, place, 'amount-unknown', `${call.name} to ${pubkeyToBase58(destination)}`)];
  return payOut(reading.signer, account, destination, call.amount, reading, place);
}
