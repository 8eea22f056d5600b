/** The admin socket of a host as the owner's tools use it. What it answers comes from the host: nothing of it is trusted here. */

import type { Phase } from '../../enclave/link/schema/results.ts';
import type { Fault, Json } from './fields.ts';
import {
  answerFault,
  readBytes,
  readBytesList,
  readHex,
  readList,
  readObject,
  readString,
  toBase64,
} from './fields.ts';
import { requestJson } from './http.ts';
import type { OpenSocket } from './remote.ts';
import { openRemote, parseRemote } from './remote.ts';

/** Where a host proxy serves it unless configured otherwise. */
export const ADMIN_SOCKET = '/run/reeve/admin.sock';

export interface SignedCommand {
  readonly envelope: readonly Uint8Array[];
  readonly body: Uint8Array;
  /** Canonical bytes, for the commands that set a policy. */
  readonly policy?: Uint8Array;
}

export interface Hello {
  readonly boot: Uint8Array;
  readonly image: string;
  readonly mode: string;
  readonly wallets: readonly { readonly wallet: string; readonly phase: string }[];
}

export interface CommandAnswer {
  readonly command: string;
  readonly wallet: string;
  readonly phase: Phase;
  readonly seal?: Uint8Array;
  readonly signature?: Uint8Array;
}

/** The owner's copy of a wallet: ciphertext and the policy with the command that set it. */
export interface WalletCopy {
  readonly seal: Uint8Array;
  readonly policy: Uint8Array;
  readonly policyEnvelope: readonly Uint8Array[];
  readonly policyBody: Uint8Array;
}

export interface ReceiptPage {
  readonly receipts: readonly Uint8Array[];
  readonly signedHead: Uint8Array | null;
  readonly more: boolean;
}

export interface Admin {
  hello(): Promise<Hello>;
  attest(nonce: Uint8Array, wallets: readonly string[]): Promise<{ statements: Uint8Array[]; document: Uint8Array }>;
  send(command: SignedCommand): Promise<CommandAnswer>;
  restore(wallet: string, copy: WalletCopy): Promise<{ agent: Uint8Array; phase: Phase }>;
  readState(wallet: string): Promise<WalletCopy>;
  readReceipts(wallet: string, after: number, limit: number): Promise<ReceiptPage>;
  readApprovals(wallet: string): Promise<readonly unknown[]>;
  /** Tells whoever waits for an approval that the owner made the payment. */
  reportPayment(wallet: string, payment: { approvalId: string; signature: string; transaction: string }): Promise<void>;
  close(): void;
}

/** A connection to `unix:PATH` or `ssh:USER@HOST[:PATH]`. For ssh a process runs until `close`. */
export async function openAdmin(text: string, env: Readonly<Record<string, string | undefined>>): Promise<Admin> {
  const socket = await openRemote(parseRemote(text, ADMIN_SOCKET), 'admin-unreachable', env);
  return createAdmin(socket);
}

function createAdmin(socket: OpenSocket): Admin {
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Json> => {
    const value = await requestJson({ socketPath: socket.path, method, path, body, unreachable: 'admin-unreachable' });
    return readObject(value, 'answer', answerFault);
  };
  const at = (wallet: string, rest: string) => `/v1/wallets/${encodeURIComponent(wallet)}/${rest}`;
  return {
    close: () => socket.close(),
    hello: async () => readHello(await call('GET', '/v1/hello')),
    async attest(nonce, wallets) {
      const answer = await call('POST', '/v1/attest', { nonce: toBase64(nonce), wallets });
      return {
        statements: readBytesList(answer, 'statements', answerFault),
        document: readBytes(answer, 'document', answerFault),
      };
    },
    send: async (command) => readCommandAnswer(await call('POST', '/v1/commands', writeCommand(command))),
    async restore(wallet, { seal, policy, policyEnvelope, policyBody }) {
      const answer = await call('POST', at(wallet, 'restore'), {
        seal: toBase64(seal),
        policy: toBase64(policy),
        policyEnvelope: policyEnvelope.map(toBase64),
        policyBody: toBase64(policyBody),
      });
      return { agent: readBytes(answer, 'agent', answerFault), phase: readPhase(answer) };
    },
    readState: async (wallet) => readCopy(await call('GET', at(wallet, 'state')), answerFault),
    async readReceipts(wallet, after, limit) {
      const answer = await call('GET', at(wallet, `receipts?after=${after}&limit=${limit}`));
      const signedHead = answer['signedHead'];
      return {
        receipts: readBytesList(answer, 'receipts', answerFault),
        signedHead:
          signedHead === null || signedHead === undefined ? null : readBytes(answer, 'signedHead', answerFault),
        more: answer['more'] === true,
      };
    },
    reportPayment: async (wallet, payment) => void (await call('POST', at(wallet, 'payments'), payment)),
    readApprovals: async (wallet) => readList(await call('GET', at(wallet, 'approvals')), 'approvals', answerFault),
  };
}

/** The JSON form of a signed command: what `POST /v1/commands` takes and what `--out` writes. */
export function writeCommand({ envelope, body, policy }: SignedCommand): Json {
  return {
    envelope: envelope.map(toBase64),
    body: toBase64(body),
    ...(policy === undefined ? {} : { policy: toBase64(policy) }),
  };
}

export function readCommand(value: unknown, fault: Fault): SignedCommand {
  const object = readObject(value, 'command', fault);
  return {
    envelope: readBytesList(object, 'envelope', fault),
    body: readBytes(object, 'body', fault),
    ...(object['policy'] === undefined ? {} : { policy: readBytes(object, 'policy', fault) }),
  };
}

function readHello(answer: Json): Hello {
  const wallets = readList(answer, 'wallets', answerFault).map((item) => {
    const entry = readObject(item, 'wallets', answerFault);
    return { wallet: readString(entry, 'wallet', answerFault), phase: readString(entry, 'phase', answerFault) };
  });
  return {
    boot: readHex(answer, 'boot', 32, answerFault),
    image: readString(answer, 'image', answerFault),
    mode: readString(answer, 'mode', answerFault),
    wallets,
  };
}

function readCommandAnswer(answer: Json): CommandAnswer {
  return {
    command: readString(answer, 'command', answerFault),
    wallet: readString(answer, 'wallet', answerFault),
    phase: readPhase(answer),
    ...(answer['seal'] === undefined ? {} : { seal: readBytes(answer, 'seal', answerFault) }),
    ...(answer['signature'] === undefined ? {} : { signature: readBytes(answer, 'signature', answerFault) }),
  };
}

function readPhase(answer: Json): Phase {
  return readString(answer, 'phase', answerFault, /^(sealed|active|paused|closed|retired|failed)$/) as Phase;
}

export function readCopy(value: unknown, fault: Fault): WalletCopy {
  const object = readObject(value, 'copy', fault);
  return {
    seal: readBytes(object, 'seal', fault),
    policy: readBytes(object, 'policy', fault),
    policyEnvelope: readBytesList(object, 'policyEnvelope', fault),
    policyBody: readBytes(object, 'policyBody', fault),
  };
}
