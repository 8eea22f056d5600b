/** Real transfers by the thousand: kit makes one transaction for each recipient and asset, and each payment is one of these with an amount of its own. */

import type { Address, Instruction } from '@solana/kit';
import {
  appendTransactionMessageInstruction,
  compileTransaction,
  createNoopSigner,
  createTransactionMessage,
  getAddressDecoder,
  getTransactionEncoder,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
} from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import { findAssociatedTokenPda, getTransferCheckedInstruction, TOKEN_PROGRAM_ADDRESS } from '@solana-program/token';
import type { PaymentForm } from './requests.ts';

/** People the agent may pay. */
export const RECIPIENTS = 20;
const DECIMALS = 6;
/** Stands for the amount in a form: no other bytes of the transaction look like it. */
const MARK = 0x1122_3344_5566_7788n;

/** An address that is recognisable and the same each time. */
function addressOf(number: number): Address {
  const bytes = new Uint8Array(32).fill(11);
  new DataView(bytes.buffer).setUint32(0, number);
  return getAddressDecoder().decode(bytes);
}

const MINT = addressOf(2);
const recipient = (index: number) => addressOf(1_000 + index);
const stranger = addressOf(9_999);

/** Mint of the second asset as a lease names it: hex. */
export const MINT_KEY = Buffer.concat([Buffer.of(0, 0, 0, 2), Buffer.alloc(28, 11)]).toString('hex');

/** A policy that lists the recipients, with two windows for each asset, none of which a bench fills. */
export function paymentsPolicy(): object {
  const max = '1000000000000000';
  const windows = [
    { seconds: 86_400, max },
    { seconds: 604_800, max },
  ];
  return {
    format: 'reeve/policy/v1',
    assets: {
      SOL: { windows },
      USDC: { mint: MINT, tokenProgram: 'token', decimals: DECIMALS, windows },
      signatures: { windows },
    },
    recipients: [{ name: 'known', owners: Array.from({ length: RECIPIENTS }, (_, index) => recipient(index)) }],
    programs: { system: ['transfer'], token: ['transferChecked'] },
    fees: { perTransaction: '100000', rentPerTransaction: '0', rentPerByte: '6960' },
    lease: { maxSeconds: 3_600, slice: { SOL: max, USDC: max, signatures: max } },
  };
}

/** Forms of payments in both assets to each recipient. */
export async function makeForms(agentKey: Uint8Array): Promise<PaymentForm[]> {
  const agent = getAddressDecoder().decode(agentKey);
  const indices = Array.from({ length: RECIPIENTS }, (_, index) => index);
  const pairs = indices.map(async (index) => [
    formOf(agent, paySol(agent, recipient(index))),
    formOf(agent, await payToken(agent, recipient(index))),
  ]);
  return (await Promise.all(pairs)).flat();
}

/** The form of a payment that no policy of a bench allows. */
export function makeRefusedForms(agentKey: Uint8Array): PaymentForm[] {
  const agent = getAddressDecoder().decode(agentKey);
  return [formOf(agent, paySol(agent, stranger))];
}

function paySol(agent: Address, destination: Address): Instruction {
  return getTransferSolInstruction({ source: createNoopSigner(agent), destination, amount: MARK });
}

async function payToken(agent: Address, owner: Address): Promise<Instruction> {
  const account = async (of: Address) => {
    const [pda] = await findAssociatedTokenPda({ owner: of, mint: MINT, tokenProgram: TOKEN_PROGRAM_ADDRESS });
    return pda;
  };
  return getTransferCheckedInstruction({
    source: await account(agent),
    mint: MINT,
    destination: await account(owner),
    authority: createNoopSigner(agent),
    amount: MARK,
    decimals: DECIMALS,
  });
}

function formOf(agent: Address, instruction: Instruction): PaymentForm {
  const lifetime = { blockhash: addressOf(3), lastValidBlockHeight: 1n } as never;
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (draft) => setTransactionMessageFeePayer(agent, draft),
    (draft) => setTransactionMessageLifetimeUsingBlockhash(lifetime, draft),
    (draft) => appendTransactionMessageInstruction(instruction, draft),
  );
  const transaction = compileTransaction(message);
  const wire = Buffer.from(getTransactionEncoder().encode(transaction));
  const mark = Buffer.alloc(8);
  mark.writeBigUInt64LE(MARK);
  return {
    wire: wire.toString('base64'),
    amountAt: wire.indexOf(mark),
    messageAt: wire.length - transaction.messageBytes.length,
  };
}
