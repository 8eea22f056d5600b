/** What the tests of the local chain share: a chain on a folder of its own, an unmodified kit client, and transactions made by kit alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Blockhash, Instruction, KeyPairSigner, Signature } from '@solana/kit';
import {
  appendTransactionMessageInstructions,
  createSolanaRpc,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  lamports,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from '@solana/kit';
import { startDevChain } from '../../scripts/dev/chain/chain.ts';

export const SOL = 1_000_000_000n;

export type Rpc = Awaited<ReturnType<typeof openChain>>['rpc'];

/** A folder that goes away with the test. */
export function makeFolder(test: { teardown(work: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-chain-'));
  test.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A running chain with a clock that only moves by `clock.pass`. */
export async function openChain(stateDir: string, clock = makeClock()) {
  const faults: unknown[] = [];
  const chain = await startDevChain({
    port: 0,
    stateDir,
    now: clock.now,
    onFault: (_method, error) => faults.push(error),
  });
  return { chain, clock, faults, rpc: createSolanaRpc(chain.url) };
}

export function makeClock(start = 1_800_000_000_000) {
  let time = start;
  return {
    now: () => time,
    pass(milliseconds: number) {
      time += milliseconds;
    },
  };
}

export async function fund(rpc: Rpc, signer: KeyPairSigner, amount = 10n * SOL): Promise<Signature> {
  return await rpc.requestAirdrop(signer.address, lamports(amount)).send();
}

export interface Signed {
  readonly wire: ReturnType<typeof getBase64EncodedWireTransaction>;
  readonly signature: Signature;
}

/** A signed transaction on the chain's latest blockhash, or the one given. */
export async function makeTransaction(
  rpc: Rpc,
  payer: KeyPairSigner,
  instructions: readonly Instruction[],
  options: { version?: 'legacy' | 0; blockhash?: string } = {},
): Promise<Signed> {
  const { value } = await rpc.getLatestBlockhash().send();
  const lifetime = { ...value, blockhash: (options.blockhash ?? value.blockhash) as Blockhash };
  const message = pipe(
    createTransactionMessage({ version: options.version ?? 0 }),
    (empty) => setTransactionMessageFeePayerSigner(payer, empty),
    (paid) => setTransactionMessageLifetimeUsingBlockhash(lifetime, paid),
    (timed) => appendTransactionMessageInstructions(instructions, timed),
  );
  const transaction = await signTransactionMessageWithSigners(message);
  return { wire: getBase64EncodedWireTransaction(transaction), signature: getSignatureFromTransaction(transaction) };
}

export async function send(rpc: Rpc, signed: Signed, skipPreflight = false): Promise<Signature> {
  return await rpc.sendTransaction(signed.wire, { encoding: 'base64', skipPreflight }).send();
}

/** The raw answer to a raw body: status, and the JSON where it is one. */
export async function post(url: string, body: string, type = 'application/json') {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
}

/** The JSON-RPC answer to one call, made by hand. */
export async function call(url: string, method: string, params: unknown) {
  const { json } = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 'test', method, params }));
  return json as { result?: unknown; error?: { code: number; message: string; data?: Record<string, unknown> } };
}
