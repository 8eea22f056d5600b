/** Multisigs made past our commands, in whatever shape, and what attackers do with them. */

import type { KeyPairSigner } from '@solana/kit';
import { generateKeyPairSigner } from '@solana/kit';
import { deriveVault, useSpendingLimit } from '../../host-proxy/transactions/squads.ts';
import { pubkeyFromBase58, pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import { deriveMultisig } from '../../policy/programs/squads-addresses.ts';
import type { ConfigAction } from '../../policy/programs/squads-config.ts';
import type { Pubkey } from '../../policy/types.ts';
import { readTreasury, SQUADS_CONFIG_ADDRESS } from '../../scripts/dev/programs.ts';
import { NO_KEY } from '../../scripts/squads/accounts.ts';
import { settleConfig } from '../../scripts/squads/config.ts';
import { readMultisig } from '../../scripts/squads/read.ts';
import { loadSdk } from '../../scripts/squads/sdk.ts';
import type { Shape } from '../../scripts/squads/shapes.ts';
import type { Ground } from './squads-support.ts';
import { SOL, useInstruction } from './squads-support.ts';

export const keyOf = (address: string) => pubkeyFromBase58(address) as Pubkey;
export const key = ({ address }: KeyPairSigner) => keyOf(address);
export const DAY = 86_400;

/** A multisig made past our commands, in whatever shape, with 50 SOL in its vault. */
export async function found(ground: Ground, shape: Shape, creator: KeyPairSigner) {
  const sdk = await loadSdk();
  const createKey = await generateKeyPairSigner();
  const multisig = deriveMultisig(key(createKey));
  const config = await ground.chain.readAccount(SQUADS_CONFIG_ADDRESS);
  const treasury = Buffer.from(readTreasury(config?.data ?? new Uint8Array())).toString('hex') as Pubkey;
  const fields = {
    ...shape,
    treasury,
    creator: key(creator),
    createKey: key(createKey),
    multisig,
    rentCollector: key(creator),
  };
  const members = shape.members.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  await ground.send(creator, [sdk.createMultisig({ ...fields, members })], createKey);
  const vault = deriveVault(pubkeyToBytes(multisig), 0);
  await ground.fund(pubkeyToBase58(Buffer.from(vault).toString('hex') as Pubkey), 50n * SOL);
  const nextIndex = async () => (await readMultisig(ground.chain, multisig)).transactionIndex + 1n;
  const at = async (member: KeyPairSigner, index?: bigint) => ({
    multisig,
    index: index ?? (await nextIndex()),
    member: key(member),
    rentPayer: key(member),
  });
  /** All at once, by one member whose vote is enough. */
  const configure = async (member: KeyPairSigner, ...actions: ConfigAction[]) => {
    const place = await at(member);
    const account = await readMultisig(ground.chain, multisig);
    const vote = [sdk.createConfig(place, actions), sdk.createProposal(place), sdk.approve(place)];
    await ground.send(member, [...vote, ...settleConfig(sdk, place, account, actions)]);
  };
  return { sdk, multisig, vault, at, nextIndex, configure };
}

type Made = Awaited<ReturnType<typeof found>>;

export const limitFor = (createKey: Pubkey, members: readonly Pubkey[], amount: bigint): ConfigAction => ({
  kind: 'addSpendingLimit',
  createKey,
  vaultIndex: 0,
  mint: NO_KEY,
  amount,
  period: 1,
  members,
  destinations: [],
});

export const draw = ({ multisig }: Made, member: KeyPairSigner, createKey: Pubkey, to: Uint8Array, amount: bigint) =>
  useInstruction(
    useSpendingLimit({
      multisig: pubkeyToBytes(multisig),
      vaultIndex: 0,
      createKey: pubkeyToBytes(createKey),
      member: pubkeyToBytes(key(member)),
      to,
      amount,
      token: null,
    }),
  );

export const balance = async (ground: Ground, address: string) =>
  (await ground.chain.readAccount(address))?.lamports ?? 0n;
