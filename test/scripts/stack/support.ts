/** What the end-to-end tests share: a whole stack of real processes on a folder of its own, an agent's calls, and transactions made by kit. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Blockhash, Instruction, TransactionSigner } from '@solana/kit';
import * as kit from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import type { Test } from 'tap';
import { agentSocket, DEMO_WALLET, layoutStack } from '../../../scripts/stack/layout.ts';
import { setUpOwner, setUpWallet } from '../../../scripts/stack/setup.ts';
import { startStack, stopStack } from '../../../scripts/stack/stack.ts';
import type { Tour } from '../../../scripts/stack/tour/tour.ts';
import { lease } from '../../../scripts/stack/tour/tour.ts';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
export const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);

interface Ending {
  teardown(work: () => unknown): unknown;
}

/** A folder with a path short enough for sockets, that goes away with the test. */
export function makeFolder(test: Ending): string {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-s-'));
  test.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A fresh stack with one leased wallet; it ends with the test. */
export async function openTour(test: Ending): Promise<Tour> {
  const stack = await startStack(layoutStack(makeFolder(test)));
  test.teardown(() => stopStack(stack));
  await setUpOwner(stack);
  const tour = { stack, parties: await setUpWallet(stack) };
  await lease(tour);
  return tour;
}

export const socketOf = ({ stack }: Tour): string => agentSocket(stack.layout, DEMO_WALLET);

export interface RawAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface RawCall {
  readonly method?: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  /** A pool of connections; without one each call has its own. */
  readonly agent?: Agent;
}

/** One HTTP exchange over a Unix socket, whatever the bytes; rejects when the connection ends without an answer. */
export function ask(socketPath: string, { method, path, body, headers, agent }: RawCall): Promise<RawAnswer> {
  const type = { 'content-type': 'application/json' };
  const options = { socketPath, path, method: method ?? (body === undefined ? 'GET' : 'POST'), agent: agent ?? false };
  return new Promise((resolve, reject) => {
    const call = request({ ...options, headers: headers ?? (body === undefined ? {} : type) }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const json = text.startsWith('{') ? JSON.parse(text) : {};
        resolve({ status: answer.statusCode ?? 0, type: String(answer.headers['content-type']), text, json });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

export const asJson = (value: unknown): { body: string } => ({ body: JSON.stringify(value) });

export interface Drafted {
  /** Base64 of the wire bytes, our signature slot empty. */
  readonly transaction: string;
  readonly message: Uint8Array;
}

/** An unsigned transaction of these instructions, paid by `payer`. */
export function draft(
  payer: Address,
  instructions: readonly Instruction[],
  blockhash = '11111111111111111111111111111112',
): Drafted {
  const lifetime = { blockhash: blockhash as Blockhash, lastValidBlockHeight: 1_000_000n };
  const message = kit.pipe(
    kit.createTransactionMessage({ version: 0 }),
    (empty) => kit.setTransactionMessageFeePayer(payer, empty),
    (paid) => kit.setTransactionMessageLifetimeUsingBlockhash(lifetime, paid),
    (timed) => kit.appendTransactionMessageInstructions(instructions, timed),
  );
  const compiled = kit.compileTransaction(message);
  const transaction = kit.getBase64EncodedWireTransaction(compiled);
  return { transaction, message: compiled.messageBytes as unknown as Uint8Array };
}

/** Lamports from the wallet to one address; a different `amount` is a different transaction. */
export function draftTransfer({ parties }: Tour, amount: bigint, to = parties.shop): Drafted {
  const source = kit.createNoopSigner(parties.agent as Address) as TransactionSigner;
  return draft(parties.agent as Address, [
    getTransferSolInstruction({ source, destination: to as Address, amount: kit.lamports(amount) }),
  ]);
}

/** Up to `size` connections that are kept; an agent's library does the same. */
export const openPool = (size: number): Agent => new Agent({ keepAlive: true, maxSockets: size });

/** What only a stack trace or a file name of ours would put into an answer. */
export const LEAK = /\n\s+at |node:internal|\.ts\b|\.mjs\b|\/tmp\/|node_modules/;

let fresh = 0n;

/** A call nobody disturbed: it is signed, whatever others send at the time. */
export async function checkWell(t: Test, tour: Tour): Promise<void> {
  fresh += 1n;
  const { transaction } = draftTransfer(tour, fresh);
  const { status, json } = await ask(socketOf(tour), { path: '/v1/sign', ...asJson({ transaction }) });
  t.match([status, json['repeated']], [200, false], 'others are served');
}

/** Sends bytes and reads until the other side ends. */
export async function exchange(path: string, bytes: Uint8Array, end = true): Promise<Buffer> {
  const socket = connect(path);
  const chunks: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'connect');
  if (end) socket.end(bytes);
  else socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks);
}
