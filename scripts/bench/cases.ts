/** The cases of the path's bench, on a world that is running. */

import { createPublicKey, verify } from 'node:crypto';
import { decodeBase58 } from '../../policy/base58.ts';
import { callAgent } from '../stack/agent.ts';
import { AGENT, BARE, EVALUATE, MANY, REFUSE, SIGN, UNSYNCED } from './goals.ts';
import type { BenchOwner, CanonicalPolicy } from './owner.ts';
import { canonical, createWallet, grantLease, makeOwner } from './owner.ts';
import type { JobOf, PathCase } from './path.ts';
import { MINT_KEY, makeForms, makeRefusedForms, paymentsPolicy } from './payments.ts';
import type { PaymentForm } from './requests.ts';
import { takeTransactions } from './requests.ts';
import type { SshAgent } from './ssh-agent.ts';
import { startSshAgent } from './ssh-agent.ts';
import type { Side, World } from './world.ts';

export const WALLET = 'bench';
/** SubjectPublicKeyInfo of an Ed25519 key, before its 32 bytes. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
/** More than a bench spends. */
const CEILING = 10n ** 15n;

export interface Cases {
  readonly cases: readonly PathCase[];
  /** What could not be measured here, and why. */
  readonly skipped: readonly string[];
  stop(): Promise<void>;
}

/** Starts what the cases need and puts a first payment through each side. */
export async function prepareCases(world: World): Promise<Cases> {
  const owner = makeOwner();
  const policy = canonical(paymentsPolicy());
  const disk = await world.startSide('disk', 'disk');
  const memory = await world.startSide('memory', 'memory');
  const agent = await startSshAgent(world.folder);
  if (disk === null) throw new Error('no store on the disk');
  const forms = await openWallet(owner, disk, policy);
  const pids = pidsOf(disk);
  const sign = signJob(disk, forms.paid);
  const cases: PathCase[] = [
    { name: BARE, connections: 1, job: { kind: 'loop', forms: forms.paid }, pids: [] },
    ...(agent === null ? [] : both({ name: AGENT, job: agentJob(agent, forms.paid), pids: [agent.pid] })),
    ...both({ name: SIGN, job: sign, pids }),
    ...(memory === null ? [] : both(await unsyncedCase(owner, memory, policy))),
    ...both({ name: REFUSE, job: { ...sign, status: 403, forms: forms.refused }, pids }),
    ...both({ name: EVALUATE, job: { ...sign, path: '/v1/evaluate' }, pids }),
  ];
  const skipped = [
    ...(agent === null ? [`${AGENT}: there is none on this machine`] : []),
    ...(memory === null ? [`${UNSYNCED}: there is no file system in memory on this machine`] : []),
  ];
  return { cases, skipped, stop: async () => agent?.stop() };
}

type Draft = Pick<PathCase, 'name' | 'pids'> & {
  readonly job: Omit<JobOf<'agent'>, 'connections'> | Omit<JobOf<'http'>, 'connections'>;
};

/** A case at one connection and at many. */
function both({ name, job, pids }: Draft): PathCase[] {
  return [1, MANY].map((connections) => ({ name, connections, job: { ...job, connections }, pids }));
}

function signJob(side: Side, forms: readonly PaymentForm[]): Omit<JobOf<'http'>, 'connections'> {
  return { kind: 'http', socket: side.socketOf(WALLET), path: '/v1/sign', status: 200, forms };
}

const agentJob = ({ socket, keyBlob }: SshAgent, forms: readonly PaymentForm[]) =>
  ({ kind: 'agent', socket, keyBlob, forms }) as const;

const pidsOf = ({ enclave, proxy }: Side) => [enclave.process.pid ?? 0, proxy.process.pid ?? 0];

async function unsyncedCase(owner: BenchOwner, side: Side, policy: CanonicalPolicy): Promise<Draft> {
  const { paid } = await openWallet(owner, side, policy);
  return { name: UNSYNCED, job: signJob(side, paid), pids: pidsOf(side) };
}

/** A leased wallet, and the payments of its agent. */
async function openWallet(
  owner: BenchOwner,
  side: Side,
  policy: CanonicalPolicy,
): Promise<{ paid: PaymentForm[]; refused: PaymentForm[] }> {
  const agent = await createWallet(owner, side.place, WALLET, policy);
  const ceiling = ['SOL', MINT_KEY, 'signatures'].map((asset) => ({ asset, amount: CEILING }));
  await grantLease(owner, side.place, WALLET, policy, ceiling);
  const paid = await makeForms(agent);
  await checkSignature(side, agent, paid);
  return { paid, refused: makeRefusedForms(agent) };
}

/** A fast answer that is wrong would be worth nothing: the first one is verified. */
async function checkSignature(side: Side, agent: Uint8Array, forms: readonly PaymentForm[]): Promise<void> {
  const { wire, message } = takeTransactions(forms, 1)();
  const answer = await callAgent(side.socketOf(WALLET), 'POST', '/v1/sign', { transaction: wire.toString('base64') });
  const signature = decodeBase58(String(answer.body['signature']));
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, agent]), format: 'der', type: 'spki' });
  if (signature === null || !verify(null, message, key, signature))
    throw new Error(`no signature: ${JSON.stringify(answer)}`);
}
