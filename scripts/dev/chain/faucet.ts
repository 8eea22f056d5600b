/**
 * The account that gives: airdrops, and mints for tests and demonstrations. Its gifts are real transactions, signed and run like any
 * other, so balances, history and statuses hold no exception. Its key is a development key in the chain's state folder.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Address, Blockhash, Instruction, KeyPairSigner } from '@solana/kit';
import {
  appendTransactionMessageInstructions,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  getTransactionEncoder,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  address as toAddress,
} from '@solana/kit';
import { getCreateAccountInstruction, getTransferSolInstruction } from '@solana-program/system';
import {
  findAssociatedTokenPda,
  getCreateAssociatedTokenIdempotentInstruction,
  getInitializeMint2Instruction,
  getMintSize,
  getMintToCheckedInstruction,
} from '@solana-program/token';
import type { Ledger } from './ledger.ts';
import { submitTransaction } from './ledger.ts';
import { decodeWireTransaction } from './wire.ts';

/** What the faucet holds at genesis, in lamports. */
const ENDOWMENT = 500_000_000n * 1_000_000_000n;
const SYSTEM_PROGRAM = '11111111111111111111111111111111';

export interface MintRequest {
  /** Names a mint for good: the same name on the same chain is the same mint. */
  readonly name: string;
  readonly decimals: number;
  readonly tokenProgram: string;
}

export interface Faucet {
  readonly address: string;
  giveLamports(to: string, lamports: bigint): Promise<string>;
  /** Where the mint of this name is, made or not. */
  findMint(name: string): Promise<string>;
  /** Makes the mint, with the faucet as its authority and none to freeze; returns the signature. */
  createMint(request: MintRequest): Promise<string>;
  /** Mints base units into the owner's associated token account, making it where needed. */
  giveTokens(gift: {
    mint: string;
    tokenProgram: string;
    decimals: number;
    owner: string;
    amount: bigint;
  }): Promise<GivenTokens>;
}

export interface GivenTokens {
  readonly tokenAccount: string;
  readonly signature: string;
}

/** The faucet of this chain, endowed when the chain is new. */
export async function openFaucet(ledger: Ledger): Promise<Faucet> {
  const { bank } = ledger;
  const seed = readOrMakeSeed(ledger);
  const payer = await createKeyPairSignerFromPrivateKeyBytes(seed);
  endow(ledger, payer.address);
  const send = inTurn((instructions: readonly Instruction[]) => sendInstructions(ledger, payer, instructions));
  const mintSigner = (name: string) => createKeyPairSignerFromPrivateKeyBytes(deriveMintSeed(seed, name));
  return {
    address: payer.address,
    giveLamports: (to, amount) =>
      send([getTransferSolInstruction({ source: payer, destination: toAddress(to), amount })]),
    findMint: async (name) => (await mintSigner(name)).address,
    async createMint({ name, decimals, tokenProgram }) {
      const mint = await mintSigner(name);
      return send(
        listMintInstructions(payer, mint, bank.rentFor(BigInt(getMintSize())), decimals, toAddress(tokenProgram)),
      );
    },
    async giveTokens(gift) {
      const target = {
        mint: toAddress(gift.mint),
        owner: toAddress(gift.owner),
        tokenProgram: toAddress(gift.tokenProgram),
      };
      const [ata] = await findAssociatedTokenPda(target);
      const { mint, tokenProgram } = target;
      const { amount, decimals } = gift;
      const mintTo = getMintToCheckedInstruction(
        { mint, token: ata, mintAuthority: payer, amount, decimals },
        { programAddress: tokenProgram },
      );
      return {
        tokenAccount: ata,
        signature: await send([getCreateAssociatedTokenIdempotentInstruction({ payer, ata, ...target }), mintTo]),
      };
    },
  };
}

function listMintInstructions(
  payer: KeyPairSigner,
  mint: KeyPairSigner,
  lamports: bigint,
  decimals: number,
  program: Address,
) {
  const space = getMintSize();
  return [
    getCreateAccountInstruction({ payer, newAccount: mint, lamports, space, programAddress: program }),
    getInitializeMint2Instruction(
      { mint: mint.address, decimals, mintAuthority: payer.address },
      { programAddress: program },
    ),
  ];
}

async function sendInstructions(
  ledger: Ledger,
  payer: KeyPairSigner,
  instructions: readonly Instruction[],
): Promise<string> {
  const { blockhash, lastValidBlockHeight } = ledger.slots.latest();
  const lifetime = { blockhash: blockhash as Blockhash, lastValidBlockHeight };
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (empty) => setTransactionMessageFeePayerSigner(payer, empty),
    (paid) => setTransactionMessageLifetimeUsingBlockhash(lifetime, paid),
    (timed) => appendTransactionMessageInstructions(instructions, timed),
  );
  const signed = await signTransactionMessageWithSigners(message);
  const bytes = Uint8Array.from(getTransactionEncoder().encode(signed));
  return submitTransaction(ledger, decodeWireTransaction(bytes), false);
}

/** Runs calls one after another: two equal gifts on one blockhash would be one transaction. */
function inTurn<Input, Output>(work: (input: Input) => Promise<Output>): (input: Input) => Promise<Output> {
  let last: Promise<unknown> = Promise.resolve();
  return (input) => {
    const next = last.then(() => work(input));
    last = next.catch(() => undefined);
    return next;
  };
}

function readOrMakeSeed({ store }: Ledger): Uint8Array {
  const kept = store.readFact('faucet.seed');
  if (kept instanceof Uint8Array) return kept;
  const seed = Uint8Array.from(randomBytes(32));
  store.setFact('faucet.seed', seed);
  return seed;
}

function endow({ bank, store }: Ledger, faucet: string): void {
  if (bank.readAccount(faucet) !== null) return;
  const account = {
    address: faucet,
    lamports: ENDOWMENT,
    owner: SYSTEM_PROGRAM,
    executable: false,
    data: new Uint8Array(),
  };
  bank.writeAccount(account);
  store.putAccounts([account]);
}

function deriveMintSeed(seed: Uint8Array, name: string): Uint8Array {
  return Uint8Array.from(createHash('sha256').update('reeve-dev/mint').update(seed).update(name).digest());
}
