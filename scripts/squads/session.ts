/** What a command on chain works with: the node, the Squads library, the owner's key as a signer and whoever pays. */

import type { TransactionPartialSigner } from '@solana/kit';
import { ReeveError } from '../../enclave/link/errors.ts';
import { pubkeyFromBase58 } from '../../policy/keys.ts';
import type { Pubkey } from '../../policy/types.ts';
import { createKmsSigner } from '../chain/kms-signer.ts';
import type { Chain } from '../chain/rpc.ts';
import { openChain } from '../chain/rpc.ts';
import type { Sent } from '../chain/send.ts';
import { sendInstructions } from '../chain/send.ts';
import type { OptionSpec } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import type { Session } from '../owner/session.ts';
import { PROFILE_OPTIONS } from '../owner/session.ts';
import type { SquadsSdk } from './sdk.ts';
import { loadSdk } from './sdk.ts';

export const CHAIN_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...PROFILE_OPTIONS,
  rpc: { value: 'URL', text: 'a Solana node; else the profile’s' },
};

export interface OwnerChain {
  readonly chain: Chain;
  readonly sdk: SquadsSdk;
  readonly owner: TransactionPartialSigner;
  readonly ownerKey: Pubkey;
  readonly payer: TransactionPartialSigner;
  readonly payerKey: Pubkey;
  send(
    instructions: Parameters<typeof sendInstructions>[3],
    more?: Parameters<typeof sendInstructions>[2],
  ): Promise<Sent>;
}

export function openNode({ context, profile }: Session): Chain {
  const url = context.option('rpc') ?? profile.rpc;
  if (url === undefined) throw usageError('--rpc URL is needed: the profile names no Solana node');
  return openChain(url);
}

export async function openOwnerChain(session: Session): Promise<OwnerChain> {
  const { keys } = session.profile;
  const chain = openNode(session);
  const owner = createKmsSigner(session.kms(), keys.owner);
  const payer = keys.pay === undefined ? owner : createKmsSigner(session.kms(), keys.pay);
  return {
    chain,
    sdk: await loadSdk(),
    owner,
    ownerKey: keyOf(owner.address),
    payer,
    payerKey: keyOf(payer.address),
    send: (instructions, more = []) => sendInstructions(chain, payer, [owner, payer, ...more], instructions),
  };
}

/** The key of an address that a person typed, or wrong use. */
export function readKey(text: string, what: string): Pubkey {
  const key = pubkeyFromBase58(text);
  if (key === null) throw usageError(`${what}: not an address: ${text.slice(0, 60)}`);
  return key;
}

function keyOf(address: string): Pubkey {
  const key = pubkeyFromBase58(address);
  if (key === null) throw new ReeveError('internal', { what: 'address' });
  return key;
}
