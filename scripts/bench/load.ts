/**
 * The load of a bench, as its own process: so many connections, one request in flight on each, the next when the answer is whole. It
 * gets a job as a message and answers with figures. A wrong answer ends it.
 */

import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { PaymentForm, Take } from './requests.ts';
import { takeAgentRequests, takePosts, takeTransactions } from './requests.ts';

export type Job = {
  /** Milliseconds to measure for. */
  readonly ms: number;
  readonly forms: readonly PaymentForm[];
  /** The first amount, so that no transaction of an earlier job comes again. */
  readonly from: number;
} & (
  | { readonly kind: 'loop' }
  | { readonly kind: 'agent'; readonly socket: string; readonly connections: number; readonly keyBlob: string }
  | {
      readonly kind: 'http';
      readonly socket: string;
      readonly connections: number;
      readonly path: string;
      /** Status that every answer must have. */
      readonly status: number;
    }
);

/** Latencies in microseconds, from the first byte sent to the last one received. */
export interface LoadFigures {
  readonly p50: number;
  readonly p99: number;
  /** Answers a second. */
  readonly rate: number;
  readonly answers: number;
}

/** Requests made before the clock starts: the first guess, then what the last job of this kind used and half as many again. */
const FIRST_REQUESTS = 4_000;
const MORE = 1.5;
/** Longest wait for one answer, milliseconds. */
const ANSWER_MS = 15_000;

const used = new Map<string, number>();

/** Where an answer ends in the bytes received, -1 while it is not whole, or what is wrong with it. */
type FindEnd = (bytes: Buffer) => number | string;

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('content-length: ');

function findHttpEnd(status: number): FindEnd {
  const wanted = Buffer.from(`HTTP/1.1 ${status} `);
  return (bytes) => {
    const head = bytes.indexOf(HEAD_END);
    if (head < 0) return -1;
    if (!bytes.subarray(0, wanted.length).equals(wanted)) return bytes.toString('latin1', 0, 1_000);
    const at = bytes.indexOf(LENGTH) + LENGTH.length;
    const end = head + HEAD_END.length + Number.parseInt(bytes.toString('latin1', at, at + 8), 10);
    return bytes.length >= end ? end : -1;
  };
}

const SIGN_RESPONSE = 14;
function findAgentEnd(bytes: Buffer): number | string {
  if (bytes.length < 5) return -1;
  if (bytes[4] !== SIGN_RESPONSE) return `the agent answers with message ${bytes[4]}`;
  const end = 4 + bytes.readUInt32BE(0);
  return bytes.length >= end ? end : -1;
}

interface Run {
  readonly take: Take;
  readonly findEnd: FindEnd;
  readonly latencies: number[];
  endsAt: number;
}

/** One connection's closed loop, until the time is over. */
function drive(socket: Socket, run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let sentAt = 0;
    const timer = setTimeout(() => reject(new Error('no answer')), run.endsAt - performance.now() + ANSWER_MS);
    const send = () => {
      const request = run.take();
      sentAt = performance.now();
      socket.write(request);
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const end = run.findEnd(received);
      if (typeof end === 'string') return reject(new Error(end));
      if (end < 0) return undefined;
      const now = performance.now();
      run.latencies.push((now - sentAt) * 1_000);
      received = received.subarray(end);
      if (now < run.endsAt) return send();
      clearTimeout(timer);
      return resolve();
    });
    send();
  });
}

async function runSockets(job: Exclude<Job, { kind: 'loop' }>): Promise<LoadFigures> {
  const take = takePrepared(job);
  const findEnd = job.kind === 'http' ? findHttpEnd(job.status) : findAgentEnd;
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => open(job.socket)));
  const start = performance.now();
  const run: Run = { take: take.next, findEnd, latencies: [], endsAt: start + job.ms };
  await Promise.all(sockets.map((socket) => drive(socket, run)));
  const seconds = (performance.now() - start) / 1_000;
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  used.set(take.name, run.latencies.length);
  return summarize(run.latencies, seconds);
}

/** Requests that are made already; when they are used up, the rest is made as it is needed. */
function takePrepared(job: Exclude<Job, { kind: 'loop' }>): { name: string; next: Take } {
  const name = `${job.kind} ${job.connections} ${job.kind === 'http' ? job.path + job.status : ''}`;
  const make =
    job.kind === 'http'
      ? takePosts(job.path, job.forms, job.from)
      : takeAgentRequests(Buffer.from(job.keyBlob, 'base64'), job.forms, job.from);
  const count = Math.ceil((used.get(name) ?? FIRST_REQUESTS) * MORE);
  const ready = Array.from({ length: count }, make);
  let at = 0;
  return { name, next: () => ready[at++] ?? make() };
}

async function open(path: string): Promise<Socket> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** The bound: the built-in signature with a native key, nothing around it. */
function runLoop({ forms, from, ms }: Job): LoadFigures {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const next = takeTransactions(forms, from);
  const messages = Array.from({ length: 1_000 }, () => next().message);
  const latencies: number[] = [];
  const start = performance.now();
  for (let now = start; now < start + ms; ) {
    sign(null, messages[latencies.length % messages.length] as Buffer, key);
    const then = now;
    now = performance.now();
    latencies.push((now - then) * 1_000);
  }
  return summarize(latencies, (performance.now() - start) / 1_000);
}

function summarize(latencies: number[], seconds: number): LoadFigures {
  const sorted = Float64Array.from(latencies).sort();
  const at = (quantile: number) => sorted[Math.floor((sorted.length - 1) * quantile)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), rate: sorted.length / seconds, answers: sorted.length };
}

process.on('message', (job: Job) => {
  const figures = job.kind === 'loop' ? Promise.resolve(runLoop(job)) : runSockets(job);
  figures.then(
    (found) => process.send?.({ figures: found }),
    (cause: Error) => process.send?.({ fault: cause.message }),
  );
});
process.on('disconnect', () => process.exit(0));
