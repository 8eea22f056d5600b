/** An owner's machine for tests: a folder with a profile, a development KMS with the keys, a fake host, and commands run in this process. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import t from 'tap';
import type { Io } from '../../scripts/cli/io.ts';
import type { DevKms } from '../../scripts/dev/kms/server.ts';
import { devCredentials, startDevKms } from '../../scripts/dev/kms/server.ts';
import { loadNsmRoot } from '../../scripts/dev/nsm-chain.ts';
import { run as runOwner } from '../../scripts/owner/main.ts';
import type { Profile } from '../../scripts/owner/profile.ts';
import { readProfile } from '../../scripts/owner/profile.ts';
import { toAddress } from '../../scripts/owner/show.ts';
import type { FakeHost } from './fake-host.ts';
import { startFakeHost } from './fake-host.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The last JSON line of stdout. */
  readonly json: Record<string, never>;
}

/** Runs one command with captured streams. `input` is what a person would type. */
export async function run(
  command: (argv: readonly string[], io: Io) => Promise<number>,
  argv: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  const [stdout, stderr] = [capture(), capture()];
  const io: Io = { stdout: stdout.stream, stderr: stderr.stream, stdin: Readable.from([input]), env };
  const code = await command(argv, io);
  const out = stdout.text();
  const last = out.trim().split('\n').at(-1) ?? '';
  return { code, out, err: stderr.text(), json: last.startsWith('{') ? JSON.parse(last) : {} };
}

function capture(): { stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** A stream that a test reads from while the command still runs. */
export function liveIo(env: Record<string, string> = {}): { io: Io; stdout: PassThrough; stderr: PassThrough } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  return { io: { stdout, stderr, stdin: Readable.from([]), env }, stdout, stderr };
}

export interface Machine {
  readonly folder: string;
  readonly profilePath: string;
  readonly profile: Profile;
  readonly host: FakeHost;
  readonly kms: DevKms;
  /** Told of each operation the development KMS has done, before its answer arrives. */
  onKms: (operation: string) => void;
  /** `reeve owner …` with the profile and --json, saying yes. */
  owner(...argv: string[]): Promise<Ran>;
  /** The same as a person runs it, answering `input`. */
  ask(input: string, ...argv: string[]): Promise<Ran>;
  policyFile(changes?: Record<string, unknown>): string;
}

/** Everything torn down with the test file. Two signing roles have their own keys; `approve` is left to the owner. */
export async function startMachine(): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-o-'));
  const aws = join(folder, 'aws');
  mkdirSync(aws);
  const host = await startFakeHost(join(folder, 'admin.sock'), aws);
  const watch: Pick<Machine, 'onKms'> = { onKms: () => undefined };
  const log = (line: string) => watch.onKms(/: (\w+) done$/.exec(line)?.[1] ?? line);
  const kms = await startDevKms({ port: 0, stateDir: aws, nsmRootDer: loadNsmRoot(aws).certificate, log });
  t.teardown(async () => {
    await host.close();
    await kms.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const [ca, image, profilePath] = [join(folder, 'ca.pem'), join(folder, 'image.json'), join(folder, 'own', 'p.json')];
  writeFileSync(ca, kms.caPem);
  writeFileSync(image, JSON.stringify(host.pcrs));
  const options = ['--profile', profilePath, '--development', '--nsm-root', host.nsmRoot, '--region', kms.region];
  const places = ['--endpoint', kms.endpoint, '--ca', ca, '--image', image, '--admin', `unix:${host.path}`];
  const made = await run(runOwner, ['init', ...options, ...places, '--pause-key', 'new', '--yes', '--json']);
  if (made.code !== 0) throw new Error(made.err);
  const profile = readProfile(profilePath);
  const at = ['--profile', profilePath];
  return Object.assign(watch, {
    folder,
    profilePath,
    profile,
    host,
    kms,
    owner: (...argv: string[]) => run(runOwner, [...argv, ...at, '--yes', '--json']),
    ask: (input: string, ...argv: string[]) => run(runOwner, [...argv, ...at], { input }),
    policyFile(changes: Record<string, unknown> = {}) {
      const path = join(folder, `policy-${Math.random()}.json`);
      writeFileSync(path, JSON.stringify({ ...makePolicy(profile), ...changes }));
      return path;
    },
  });
}

/** A machine that holds one leased wallet of this name. */
export async function startLeased(wallet: string): Promise<Machine> {
  const machine = await startMachine();
  for (const argv of [
    ['create', wallet, '--policy', machine.policyFile()],
    ['lease', '--once'],
  ]) {
    const ran = await machine.owner(...argv);
    if (ran.code !== 0) throw new Error(`${argv[0]}: ${ran.err}`);
  }
  return machine;
}

export function makePolicy({ keys }: Profile): Record<string, unknown> {
  const address = (hex: string) => toAddress(Buffer.from(hex, 'hex'));
  return {
    format: 'reeve/policy/v1',
    assets: {
      SOL: { windows: [{ seconds: 86400, max: '1000000000' }], approvalAbove: '500000000' },
      signatures: { windows: [{ seconds: 3600, max: '100' }] },
    },
    recipients: [{ name: 'shop', owners: ['9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM'] }],
    programs: { system: ['transfer'] },
    fees: { perTransaction: '100000', rentPerTransaction: '0', rentPerByte: '6960' },
    keys: { renew: [address(keys.renew.publicKey)], pause: [address(keys.pause?.publicKey ?? '')] },
    lease: { maxSeconds: 600, slice: { SOL: '500000000', signatures: '50' } },
  };
}

/** The witness file of a wallet as it stands on the disk. */
export function readWitness(machine: Machine, wallet: string): Record<string, Record<string, never>> {
  return JSON.parse(readFileSync(join(machine.folder, 'own', 'witness', `${wallet}.witness.json`), 'utf8'));
}

export { devCredentials };
