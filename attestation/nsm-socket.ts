/**
 * The Unix socket behind which an NSM stands: the machine program's in the enclave, the simulated NSM's in development. Both ways a
 * message is a u32 big-endian length and that many bytes: a request of at most 4,096, then one answer of at most 12,288.
 */
import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** Bytes of one request; the driver refuses longer ones. */
export const MAX_NSM_REQUEST_BYTES = 4096;
/** Bytes of one answer; the driver cuts longer ones without a word. */
export const MAX_NSM_RESPONSE_BYTES = 12_288;

/** How long one answer may take: milliseconds. The driver itself gives up after 120 s. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Bytes of a message's length. */
const PREFIX_BYTES = 4;

/** Carries one request at a time to an NSM and brings its answer. May reject: the client turns that into `nsm-unreachable`. */
export interface NsmChannel {
  request(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface NsmConnection extends NsmChannel {
  close(): void;
}

/**
 * Connects to the socket at `socketPath`; rejects when nothing listens there. Requests are answered one after the other. After a broken
 * or late answer the connection is dropped, since a later answer could not be told from it, and the next request opens a new one.
 */
export async function connectNsm(socketPath: string): Promise<NsmConnection> {
  let socket: Socket | null = await open(socketPath);
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  async function send(bytes: Uint8Array): Promise<Uint8Array> {
    if (closed) {
      throw new Error('the NSM connection is closed');
    }
    if (socket === null || socket.destroyed || !socket.writable) {
      socket = await open(socketPath);
    }
    return exchange(socket, bytes);
  }

  return {
    request(bytes) {
      const answer = last.then(() => send(bytes));
      last = answer.catch(() => undefined);
      return answer;
    },
    close() {
      closed = true;
      socket?.destroy();
    },
  };
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      socket.unref();
      resolve(socket);
    });
  });
}

/** One request and its answer. Whatever goes wrong destroys the socket and rejects. */
function exchange(socket: Socket, request: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const timer = setTimeout(() => fail('the NSM did not answer in time'), ANSWER_TIMEOUT_MS);
    const onClose = () => fail('the NSM closed the connection');
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < PREFIX_BYTES ? null : received.readUInt32BE(0);
      if (length !== null && (length > MAX_NSM_RESPONSE_BYTES || received.length > PREFIX_BYTES + length)) {
        fail('the NSM sent more than one answer or too long a one');
      } else if (length !== null && received.length === PREFIX_BYTES + length) {
        settle();
        resolve(received.subarray(PREFIX_BYTES));
      }
    };
    const settle = () => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose).unref();
    };
    const fail = (message: string) => {
      settle();
      socket.destroy();
      reject(new Error(message));
    };
    socket.on('data', onData).once('close', onClose).ref();
    socket.write(frameNsmMessage(request, MAX_NSM_REQUEST_BYTES));
  });
}

/** One message of the socket protocol. Throws when `bytes` is longer than `most`: the caller checked that before. */
export function frameNsmMessage(bytes: Uint8Array, most: number): Uint8Array {
  if (bytes.length > most) {
    throw new RangeError(`an NSM message of ${bytes.length} bytes is longer than ${most}`);
  }
  const framed = Buffer.alloc(PREFIX_BYTES + bytes.length);
  framed.writeUInt32BE(bytes.length, 0);
  framed.set(bytes, PREFIX_BYTES);
  return framed;
}
