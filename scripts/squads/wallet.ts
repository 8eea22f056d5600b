/** The facts of a wallet that commands on chain start from: the agent's key as attested, the policy in force, the multisigs it names. */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { parsePolicy } from '../../policy/compile.ts';
import { pubkeyFromBase58, pubkeyFromBytes } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Pubkey } from '../../policy/types.ts';
import { readPolicyInForce } from '../owner/commands/policy.ts';
import type { Session } from '../owner/session.ts';

export interface WalletFacts {
  readonly wallet: string;
  readonly statement: Statement;
  readonly agent: Pubkey;
  /** By the hash that the enclave attests: what limits are made from is what the owner signed. */
  readonly policy: Policy;
  /** Of all declared vaults, each once. */
  readonly multisigs: readonly Pubkey[];
}

export async function readWallet(session: Session, wallet: string): Promise<WalletFacts> {
  const { statement } = await session.attest(wallet);
  const parsed = parsePolicy(await readPolicyInForce(session, wallet, statement));
  if (!parsed.ok) throw new ReeveError('policy-invalid', { what: 'the policy in force' });
  const policy = parsed.value;
  const multisigs = (policy.document.vaults ?? []).map(({ multisig }) => pubkeyFromBase58(multisig) as Pubkey);
  if (multisigs.length === 0)
    throw new ReeveError('squads-account', { wallet, what: 'the policy in force declares no vault' });
  return { wallet, statement, agent: pubkeyFromBytes(statement.agent), policy, multisigs: [...new Set(multisigs)] };
}
