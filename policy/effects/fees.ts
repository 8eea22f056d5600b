/** What a transaction costs whoever pays its fee, also when it fails. */
import type { Instruction } from '../instructions.ts';
import { countBuiltins } from '../instructions.ts';
import type { Message } from '../message.ts';
import { BASE_FEE_PER_SIGNATURE, computeFee } from '../programs/compute-budget.ts';
import { countInnerSignatures } from '../programs/precompiles.ts';
import type { Effect, Pubkey, Result } from '../types.ts';

/** Version 1 says its fee itself, and the chain ignores ComputeBudget instructions there. */
export function readFee(
  message: Message,
  decoded: readonly Result<Instruction, unknown>[],
  transaction: number,
): Effect {
  const place = { kind: 'fee', transaction, instruction: -1 } as const;
  const signatures = countSignatures(message);
  if (message.version === 1) {
    const base = BASE_FEE_PER_SIGNATURE * BigInt(signatures);
    return { ...place, base, priority: message.config?.priorityFee ?? 0n };
  }
  let limit: number | null = null;
  let microLamports: bigint | null = null;
  for (const result of decoded) {
    if (!result.ok) continue;
    if (result.value.name === 'setComputeUnitLimit') limit = result.value.units;
    if (result.value.name === 'setComputeUnitPrice') microLamports = result.value.microLamports;
  }
  const builtinInstructions = countBuiltins(message);
  const otherInstructions = message.instructions.length - builtinInstructions;
  return { ...place, ...computeFee({ signatures, limit, microLamports, builtinInstructions, otherInstructions }) };
}

/** The transaction's own and those that precompiles check. */
function countSignatures({ requiredSignatures, instructions, keys }: Message): number {
  return instructions.reduce(
    (sum, { program, data }) => sum + countInnerSignatures(keys[program] as Pubkey, data),
    requiredSignatures,
  );
}
