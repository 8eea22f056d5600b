/** A Solana node that says what a test wants, and remembers what it was sent. */

import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';

export interface FakeRpc {
  readonly url: string;
  /** Transactions received, base64, oldest first. */
  readonly sent: string[];
  height: number;
  blockhashes: number;
  accountExists: boolean;
  /** Statuses by signature; a transaction received with `land` set gets one at once. */
  readonly landed: Map<string, { err: unknown; slot: number; confirmationStatus: string }>;
  land: boolean;
  failSend: string | null;
  down: boolean;
  close(): Promise<void>;
}

export async function startFakeRpc(): Promise<FakeRpc> {
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      if (rpc.down) return request.socket.destroy();
      const { id, method, params } = JSON.parse(text);
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer(rpc, method, params) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const rpc: FakeRpc = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: [],
    height: 100,
    blockhashes: 0,
    accountExists: true,
    landed: new Map(),
    land: true,
    failSend: null,
    down: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return rpc;
}

function answer(rpc: FakeRpc, method: string, params: readonly unknown[]): object {
  const slot = { context: { slot: rpc.height } };
  switch (method) {
    case 'getLatestBlockhash': {
      rpc.blockhashes += 1;
      const blockhash = encodeBase58(new Uint8Array(32).fill(rpc.blockhashes));
      return { result: { ...slot, value: { blockhash, lastValidBlockHeight: rpc.height + 150 } } };
    }
    case 'getBlockHeight':
      return { result: rpc.height };
    case 'getAccountInfo':
      return { result: { ...slot, value: rpc.accountExists ? { lamports: 1 } : null } };
    case 'getSignatureStatuses':
      return {
        result: { ...slot, value: (params[0] as string[]).map((signature) => rpc.landed.get(signature) ?? null) },
      };
    case 'sendTransaction': {
      rpc.sent.push(String(params[0]));
      if (rpc.failSend !== null) return { error: { code: -32002, message: rpc.failSend } };
      const signature = encodeBase58(Buffer.from(String(params[0]), 'base64').subarray(1, 65));
      if (rpc.land) rpc.landed.set(signature, { err: null, slot: rpc.height, confirmationStatus: 'confirmed' });
      return { result: signature };
    }
    default:
      return { error: { code: -32601, message: 'no such method' } };
  }
}
