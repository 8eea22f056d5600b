/** What the enclave attests about one wallet. */

import type { Enclave } from '../enclave.ts';
import type { Roles, Statement } from '../link/schema/statement.ts';
import { listAmounts } from './amounts.ts';
import { isEnded } from './phases.ts';
import type { Wallet } from './state.ts';

type RoleKeys = (typeof Roles)['properties'] extends infer Keys ? Record<keyof Keys, Uint8Array[]> : never;

/** The wallet as it stands now. The caller puts a document over it. */
export function describeWallet({ boot, image, mode, clock }: Enclave, wallet: Wallet): Statement {
  const { lease, recovered, chain, agent, policy } = wallet;
  return {
    v: 1,
    wallet: wallet.name,
    agent: agent.publicKey,
    receiptKey: chain.key.publicKey,
    owner: wallet.owner,
    roles: describeRoles(wallet),
    kmsKeyArn: wallet.kmsKeyArn,
    policyHash: hashBytes(policy.hash),
    policyVersion: wallet.policyVersion,
    boot,
    image,
    mode,
    phase: wallet.phase,
    time: BigInt(clock.read()),
    commandSeq: wallet.commandSeq,
    head: { seq: chain.seq, hash: chain.hash },
    spentInBoot: listAmounts(lease?.spentInBoot ?? {}),
    lastLease: lease?.number ?? 0,
    ceiling: listAmounts(lease?.ceiling ?? {}),
    until: BigInt(lease?.until ?? 0),
    closed: isEnded(wallet),
    m: recovered.m,
    mBoot: recovered.mBoot,
    mSpent: listAmounts(recovered.mSpent),
    mClosed: recovered.mClosed,
  };
}

function describeRoles({ policy }: Wallet): RoleKeys {
  const { renew, pause, approve } = policy.keys;
  return { renew: renew.map(hashBytes), pause: pause.map(hashBytes), approve: approve.map(hashBytes) };
}

/** The 32 bytes of a hash or key in the engine's form. */
export function hashBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
