/** The one configuration file. Every fault is one message that names the file and the field. Relative paths count from the file's folder. */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv } from 'ajv';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { parseAddress } from '../enclave/link/address.ts';
import { ReeveError } from '../enclave/link/errors.ts';
import { Fields } from '../enclave/link/schema/blocks.ts';
import type { Listen } from './metrics/server.ts';

const LISTEN = /^(?:\[([0-9a-f:]+)\]|([^:[\]]+)):([0-9]{1,5})$/;
const LOOPBACK = /^(localhost|127\.[0-9.]+|::1)$/;
const PORT_MAX = 65_535;

const Path = () => Type.String({ minLength: 1, maxLength: 4096 });
const Secret = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const Url = () => Type.String({ pattern: '^https?://[^\\s]+$', maxLength: 2048 });

const ConfigFile = Fields({
  /** The enclave's two planes, `unix:PATH` or `hybrid:PATH:PORT`. */
  enclave: Fields({ agent: Path(), owner: Path() }),
  store: Path(),
  /** Agent sockets are made as `directory/<wallet>/agent.sock`; `group` (name or number) may use them. */
  sockets: Fields({ directory: Path(), group: Type.Optional(Type.Union([Path(), Type.Integer({ minimum: 0 })])) }),
  admin: Path(),
  kms: Fields({
    relay: Path(),
    endpoints: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^kms\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?$' }),
        Type.String({ pattern: '^.+:[0-9]{1,5}$' }),
        {
          additionalProperties: false,
        },
      ),
    ),
  }),
  credentials: Type.Optional(
    Type.Union([
      Fields({ accessKeyId: Secret(128), secretAccessKey: Secret(256), sessionToken: Type.Optional(Secret(8192)) }),
      Fields({ file: Path() }),
      Fields({ imds: Type.Union([Type.Literal(true), Url()]) }),
    ]),
  ),
  /** The Solana node transfers are sent to. */
  rpc: Type.Optional(Url()),
  logLevel: Type.Optional(
    Type.Union(['fatal', 'error', 'warn', 'info', 'debug', 'silent'].map((level) => Type.Literal(level))),
  ),
  /** `HOST:PORT` for Prometheus; a host that is not loopback only where `beyondLoopback` says so. Off by default. */
  metrics: Type.Optional(Fields({ listen: Path(), beyondLoopback: Type.Optional(Type.Boolean()) })),
  /** Ask the enclave to close every wallet in order before this process ends. */
  closeOnExit: Type.Optional(Type.Boolean()),
});
export type Config = Omit<Static<typeof ConfigFile>, 'metrics'> & {
  readonly groupId: number | undefined;
  readonly metrics?: { readonly listen: Listen };
};

/** Reads, checks and completes the file, or throws `config-file-invalid`. */
export function readConfig(file: string): Config {
  const value = parseFile(file);
  const validate = new Ajv({
    strict: true,
    ownProperties: true,
    allErrors: false,
    meta: false,
    validateSchema: false,
  }).compile(ConfigFile);
  if (!validate(value)) {
    const fault = validate.errors?.findLast((error) => error.keyword !== 'anyOf');
    const named = fault?.params['missingProperty'] ?? fault?.params['additionalProperty'];
    const field = [...(fault?.instancePath ?? '').split('/').slice(1), ...(named === undefined ? [] : [named])].join(
      '.',
    );
    throw refuse(file, field === '' ? '(the whole file)' : field, describeFault(fault?.keyword, fault?.message));
  }
  return complete(file, value as Static<typeof ConfigFile>);
}

function describeFault(keyword = '', message = 'is not valid'): string {
  if (keyword === 'required') return 'is missing';
  return keyword === 'additionalProperties' ? 'is not a field of this file' : message;
}

function refuse(file: string, field: string, problem: string): ReeveError {
  return new ReeveError('config-file-invalid', { file, field, problem });
}

function parseFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw refuse(
      file,
      '(the file)',
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read',
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refuse(file, '(the whole file)', 'is not JSON');
  }
}

function complete(file: string, config: Static<typeof ConfigFile>): Config {
  const from = (path: string) => resolve(dirname(resolve(file)), path);
  const { metrics, ...rest } = config;
  const { credentials, sockets, kms } = rest;
  return {
    ...rest,
    ...(metrics !== undefined && { metrics: { listen: readListen(file, metrics) } }),
    enclave: {
      agent: completeAddress(file, 'agent', config, from),
      owner: completeAddress(file, 'owner', config, from),
    },
    store: from(config.store),
    sockets: { ...sockets, directory: from(sockets.directory) },
    admin: from(config.admin),
    kms: { ...kms, relay: from(kms.relay) },
    ...(credentials !== undefined && 'file' in credentials && { credentials: { file: from(credentials.file) } }),
    groupId: sockets.group === undefined ? undefined : findGroup(file, sockets.group),
  };
}

function completeAddress(
  file: string,
  plane: 'agent' | 'owner',
  config: Static<typeof ConfigFile>,
  from: (path: string) => string,
): string {
  try {
    const address = parseAddress(config.enclave[plane]);
    return address.kind === 'unix' ? `unix:${from(address.path)}` : `hybrid:${from(address.path)}:${address.port}`;
  } catch {
    throw refuse(file, `enclave.${plane}`, 'must be unix:PATH or hybrid:PATH:PORT');
  }
}

function readListen(file: string, { listen, beyondLoopback }: { listen: string; beyondLoopback?: boolean }): Listen {
  const [, bracketed, plain, port] = LISTEN.exec(listen) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > PORT_MAX) throw refuse(file, 'metrics.listen', 'must be HOST:PORT');
  if (!LOOPBACK.test(host) && beyondLoopback !== true) {
    throw refuse(file, 'metrics.listen', 'is not loopback: say beyondLoopback too if that is meant');
  }
  return { host, port: Number(port) };
}

function findGroup(file: string, group: string | number): number {
  if (typeof group === 'number') return group;
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[0] === group);
  const id = Number(line?.split(':')[2] ?? Number.NaN);
  if (!Number.isInteger(id)) throw refuse(file, 'sockets.group', 'is not a group of this machine');
  return id;
}
