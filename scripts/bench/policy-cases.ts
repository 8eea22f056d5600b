/** What the policy's bench measures: transactions made by kit, policies of every size, ledgers with a past. */
import type { Address, Instruction } from '@solana/kit';
import {
  address,
  appendTransactionMessageInstructions,
  blockhash,
  compileTransaction,
  createNoopSigner,
  createTransactionMessage,
  getAddressDecoder,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
} from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import { findAssociatedTokenPda, getTransferCheckedInstruction, TOKEN_PROGRAM_ADDRESS } from '@solana-program/token';
import { canonicalizePolicy, parsePolicy } from '../../policy/compile.ts';
import type { Request } from '../../policy/judge.ts';
import { judge } from '../../policy/judge.ts';
import { pubkeyFromBase58 } from '../../policy/keys.ts';
import { emptyLedger, reserve, walletLine } from '../../policy/ledger.ts';
import { decodeMessage } from '../../policy/message.ts';
import type { Policy } from '../../policy/policy.ts';
import type { AssetId, Millis, Pubkey } from '../../policy/types.ts';

const NOON = Date.UTC(2026, 10, 20, 12) as Millis;
const HOUR_MS = 3_600_000;
/** Payments the ledger already holds, spread over the longest window. */
const PAST_PAYMENTS = 500;
const WINDOW_SECONDS = [3_600, 7_200, 14_400, 28_800, 86_400, 172_800, 604_800, 2_592_000];
const DECIMALS = 6;
const SOL = 'SOL' as AssetId;

/** An address that is recognisable and the same each time. */
function addressOf(number: number): Address {
  const bytes = new Uint8Array(32).fill(11);
  new DataView(bytes.buffer).setUint32(0, number);
  return getAddressDecoder().decode(bytes);
}
export const agent = addressOf(1);
const mint = addressOf(2);
const recipient = (number: number) => addressOf(1_000 + number);
const signer = createNoopSigner(agent);

/** A payment in SOL to one of the listed recipients. */
export function paySol(to: number): Instruction {
  return getTransferSolInstruction({ source: signer, destination: recipient(to), amount: 1_000n });
}

/** A payment of the mint to one of them. */
export async function payToken(to: number): Promise<Instruction> {
  const account = async (owner: Address) => {
    const [pda] = await findAssociatedTokenPda({ owner, mint, tokenProgram: TOKEN_PROGRAM_ADDRESS });
    return pda;
  };
  const [source, destination] = [await account(agent), await account(recipient(to))];
  return getTransferCheckedInstruction({
    source,
    mint,
    destination,
    authority: signer,
    amount: 5n,
    decimals: DECIMALS,
  });
}

/** The bytes that would be signed. */
export function messageOf(instructions: readonly Instruction[]): Uint8Array {
  const lifetime = { blockhash: blockhash(addressOf(3)), lastValidBlockHeight: 1n };
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (draft) => setTransactionMessageFeePayer(agent, draft),
    (draft) => setTransactionMessageLifetimeUsingBlockhash(lifetime, draft),
    (draft) => appendTransactionMessageInstructions(instructions, draft),
  );
  return new Uint8Array(compileTransaction(message).messageBytes);
}

/** A policy that lists so many recipients and has so many windows for each asset. */
export function policyOf(recipients: number, windows: number): Policy {
  const limits = { windows: WINDOW_SECONDS.slice(-windows).map((seconds) => ({ seconds, max: '1000000000000' })) };
  const document = {
    format: 'reeve/policy/v1',
    assets: { SOL: limits, USDC: { mint, tokenProgram: 'token', decimals: DECIMALS, ...limits } },
    recipients: [{ name: 'known', owners: Array.from({ length: recipients }, (_, index) => recipient(index)) }],
    programs: { system: ['transfer'], token: ['transferChecked'] },
    fees: { perTransaction: '100000', rentPerTransaction: '0', rentPerByte: '6960' },
    lease: { maxSeconds: 3_600, slice: { SOL: '1000000000000', USDC: '1000000000000' } },
  };
  const canonical = canonicalizePolicy(JSON.stringify(document));
  const policy = canonical.ok ? parsePolicy(canonical.value) : canonical;
  if (!policy.ok) throw new Error(JSON.stringify(policy.refusal));
  return policy.value;
}

/** Decoding and judging message bytes under a policy, with a ledger that has a past. Throws unless they are allowed. */
export function judgeCase(policy: Policy, bytes: Uint8Array): () => unknown {
  const assets = [SOL, keyOf(mint) as Pubkey & AssetId];
  const ledger = emptyLedger();
  const step = ((WINDOW_SECONDS.at(-1) as number) * 1_000) / PAST_PAYMENTS;
  for (let payment = 0; payment < PAST_PAYMENTS; payment += 1) {
    const at = (NOON - (PAST_PAYMENTS - payment) * step) as Millis;
    reserve(
      ledger,
      policy,
      assets.map((asset) => ({ line: walletLine(asset), asset, amount: 1_000n })),
      at,
    );
  }
  const ceiling = Object.fromEntries(assets.map((asset) => [asset, 10n ** 12n]));
  const until = (NOON + HOUR_MS) as Millis;
  const lease = { number: 1, policyHash: policy.hash, ceiling, until, spentInBoot: {} };
  const known = { policy, agent: keyOf(agent), owners: [], ledger, lease, now: NOON, lastSignedAt: null } as const;
  const run = () => {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) throw new Error(decoded.refusal.detail);
    const request: Request = { ...known, messages: [decoded.value], approved: () => false };
    return judge(request);
  };
  const { decision, violations } = run();
  if (decision !== 'allow') throw new Error(JSON.stringify(violations.map(({ detail }) => detail)));
  return run;
}

function keyOf(base58: Address): Pubkey {
  return pubkeyFromBase58(address(base58)) as Pubkey;
}
