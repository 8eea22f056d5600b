/**
 * From a message to what its instructions say. One table names the programs this engine decodes; to add one is to add a file and a row.
 * Decoding says what an instruction asks for, not whether the chain will do it.
 */
import { pubkeyToBase58 } from './keys.ts';
import type { CompiledInstruction, Message, Refusal } from './message.ts';
import { refuse } from './message.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  ED25519_PROGRAM,
  LOADER_V3_PROGRAM,
  MEMO_V1_PROGRAM,
  MEMO_V3_PROGRAM,
  MEMO_V4_PROGRAM,
  SECP256K1_PROGRAM,
  SECP256R1_PROGRAM,
  SQUADS_PROGRAM,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from './programs/addresses.ts';
import type { AssociatedTokenInstruction } from './programs/associated-token.ts';
import { decodeAssociatedToken } from './programs/associated-token.ts';
import type { ComputeBudgetInstruction } from './programs/compute-budget.ts';
import { decodeComputeBudget } from './programs/compute-budget.ts';
import type { LoaderInstruction } from './programs/loader.ts';
import { decodeLoader } from './programs/loader.ts';
import type { Memo } from './programs/memo.ts';
import { decodeMemo } from './programs/memo.ts';
import type { SignatureCheck } from './programs/precompiles.ts';
import { decodePrecompile } from './programs/precompiles.ts';
import type { Decoded, RawInstruction } from './programs/raw.ts';
import { alwaysRefused, fault } from './programs/raw.ts';
import { refusedPrograms } from './programs/refused.ts';
import type { SquadsInstruction } from './programs/squads.ts';
import { decodeSquads } from './programs/squads.ts';
import type { StakeInstruction } from './programs/stake.ts';
import { decodeStake } from './programs/stake.ts';
import type { SystemInstruction } from './programs/system.ts';
import { decodeSystem } from './programs/system.ts';
import type { TokenInstruction } from './programs/token.ts';
import { decodeSplToken, decodeToken2022 } from './programs/token.ts';
import type { Pubkey, Result } from './types.ts';

/** A call of a program that this engine does not decode and whose calls the policy describes itself. */
export interface OpaqueCall {
  readonly program: 'opaque';
  readonly name: 'call';
  readonly address: Pubkey;
  readonly accounts: readonly Pubkey[];
  readonly data: Uint8Array;
}

/** Told apart by `program` and `name`, which are the words of the policy document. */
export type Instruction =
  | SystemInstruction
  | ComputeBudgetInstruction
  | Memo
  | TokenInstruction
  | AssociatedTokenInstruction
  | StakeInstruction
  | LoaderInstruction
  | SignatureCheck
  | SquadsInstruction
  | OpaqueCall;

type Decoder = (raw: RawInstruction) => Decoded<Instruction>;

const decoders: ReadonlyMap<Pubkey, Decoder> = new Map<Pubkey, Decoder>([
  [SYSTEM_PROGRAM, decodeSystem],
  [COMPUTE_BUDGET_PROGRAM, decodeComputeBudget],
  [MEMO_V1_PROGRAM, decodeMemo],
  [MEMO_V3_PROGRAM, decodeMemo],
  [MEMO_V4_PROGRAM, decodeMemo],
  [TOKEN_PROGRAM, decodeSplToken],
  [TOKEN_2022_PROGRAM, decodeToken2022],
  [ASSOCIATED_TOKEN_PROGRAM, decodeAssociatedToken],
  [STAKE_PROGRAM, decodeStake],
  [LOADER_V3_PROGRAM, decodeLoader],
  [ED25519_PROGRAM, decodePrecompile],
  [SECP256K1_PROGRAM, decodePrecompile],
  [SECP256R1_PROGRAM, decodePrecompile],
  [SQUADS_PROGRAM, decodeSquads],
]);

/**
 * Programs that run inside the validator: without a set limit their instructions are granted fewer compute units. Others that the chain
 * counts so are left out, which can only overstate a fee.
 */
const builtins: ReadonlySet<Pubkey> = new Set([SYSTEM_PROGRAM, COMPUTE_BUDGET_PROGRAM]);

/** Whether a program is decoded here or always refused: then a policy cannot describe its calls itself. */
export function isDecodedProgram(program: Pubkey): boolean {
  return decoders.has(program) || refusedPrograms.has(program);
}

/** What decoding needs of a message: those of the chain and those inside a Squads vault transaction have it alike. */
export type InstructionList = Pick<Message, 'requiredSignatures' | 'keys' | 'instructions'>;

/** How many of the message's instructions call a program built into the chain. */
export function countBuiltins({ instructions, keys }: InstructionList): number {
  return instructions.filter(({ program }) => builtins.has(keys[program] as Pubkey)).length;
}

export interface DecodeOptions {
  /** The message's place in the request; only shows in the refusals' paths. */
  readonly path?: string;
  /** The keys of `resolveKeys`, which a message without lookups does not need. */
  readonly keys?: readonly Pubkey[];
  /** Programs whose calls the policy describes itself. */
  readonly opaque?: ReadonlySet<Pubkey>;
}

/** Decodes every instruction of a message that `decodeMessage` accepted, in order: each either whole or refused with its own code. */
export function decodeInstructions(
  message: InstructionList,
  { path = 'transactions[0]', keys = message.keys, opaque = new Set() }: DecodeOptions = {},
): Result<Instruction, Refusal>[] {
  const seen = new Set<string>();
  return message.instructions.map((compiled, index) => {
    const decoded = decodeOnce(lookUp(message, compiled, keys), seen, opaque);
    if (decoded.ok) return decoded;
    const { code, detail } = decoded.refusal;
    return { ok: false, refusal: refuse(code, detail, `${path}.instructions[${index}]`) };
  });
}

function lookUp(
  { requiredSignatures }: InstructionList,
  { program, accounts: positions, data }: CompiledInstruction,
  keys: readonly Pubkey[],
): RawInstruction {
  const accounts: Pubkey[] = [];
  for (const position of positions) accounts.push(keys[position] as Pubkey);
  return { program: keys[program] as Pubkey, accounts, positions, requiredSignatures, data };
}

/** The chain rejects a transaction that holds a kind of ComputeBudget instruction twice. */
function decodeOnce(raw: RawInstruction, seen: Set<string>, opaque: ReadonlySet<Pubkey>): Decoded<Instruction> {
  const decode = decoders.get(raw.program);
  if (decode === undefined) return decodeUnknown(raw, opaque);
  const decoded = decode(raw);
  if (!decoded.ok || decoded.value.program !== 'compute-budget') return decoded;
  const { name } = decoded.value;
  if (seen.has(name)) return fault('compute-budget-invalid', `${name} twice`);
  seen.add(name);
  return decoded;
}

function decodeUnknown({ program, accounts, data }: RawInstruction, opaque: ReadonlySet<Pubkey>): Decoded<Instruction> {
  const never = refusedPrograms.get(program);
  if (never !== undefined) return alwaysRefused(never.name, 'any instruction', never.why);
  if (!opaque.has(program)) return fault('program-unknown', pubkeyToBase58(program));
  return { ok: true, value: { program: 'opaque', name: 'call', address: program, accounts, data } };
}
