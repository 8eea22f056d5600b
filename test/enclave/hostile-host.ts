/**
 * A hostile host in one process: the real wallet and renewer code, a clock it does not control, and everything else in its hands. It starts as many
 * enclaves as it likes from any state the disk ever had, holds back, repeats and re-orders what the owner signed, and spends wherever it can.
 */

import { randomBytes } from 'node:crypto';
import { fingerprint } from '../../attestation/certificate.ts';
import { createNsmClient } from '../../attestation/nsm.ts';
import { createBlobStore } from '../../enclave/blobs.ts';
import type { Enclave } from '../../enclave/enclave.ts';
import { encodeCbor } from '../../enclave/link/cbor.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import { ownerHandlers } from '../../enclave/planes/owner.ts';
import { acknowledgeStored, takePending } from '../../enclave/wallet/chain.ts';
import { sign } from '../../enclave/wallet/sign.ts';
import { createRegistry } from '../../enclave/wallets.ts';
import { parsePolicy } from '../../policy/compile.ts';
import type { Hash, Millis } from '../../policy/types.ts';
import { emptyWitness } from '../../policy/witness.ts';
import type { Admin, SignedCommand as Sent } from '../../scripts/cli/admin.ts';
import { createChainSource, loadNsmRoot } from '../../scripts/dev/nsm-chain.ts';
import { createNsmDevice } from '../../scripts/dev/nsm-device.ts';
import type { RenewerParts } from '../../scripts/renewer/renewer.ts';
import { renewWallets } from '../../scripts/renewer/renewer.ts';
import type { WitnessRecord } from '../../scripts/renewer/witness-file.ts';
import { makeKey } from '../keys.ts';
import type { SignedCommand } from './helpers.ts';
import { blobOf, paymentOf, policyBlob, signCommand } from './helpers.ts';

export const WINDOW_MS = 3_600_000;
export const MAX = 1_000_000n;
const FEE = 5_000n;
const PCR = new Uint8Array(48).fill(7);
const ARN = 'arn:aws:kms:eu-central-1:000000000000:key/sim';
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** What the game is played with: a rule of the renewer's can be switched off. */
export type Rule = 'charges' | 'superseded';

interface Instance {
  readonly enclave: Enclave;
  readonly receipts: Uint8Array[];
  /** States of the disk that a head was signed for. */
  readonly states: { readonly length: number; readonly head: Uint8Array }[];
  alive: boolean;
}

export interface Game {
  now: number;
  readonly instances: Instance[];
  readonly mail: SignedCommand[];
  readonly signed: { readonly time: number; readonly amount: bigint }[];
  start(from: Instance | null, state: number): Promise<void>;
  spend(instance: Instance, lamports: bigint): void;
  /** One pass of the renewer over this instance; `deliver` false: the host keeps the lease, or the renewer dies after writing. */
  renew(instance: Instance, deliver: boolean): Promise<void>;
  deliver(instance: Instance, command: SignedCommand): Promise<void>;
  close(instance: Instance): Promise<void>;
}

const policy = policyBlob({
  assets: { SOL: { windows: [{ seconds: WINDOW_MS / 1000, max: String(MAX) }] } },
  lease: { maxSeconds: 600, slice: { SOL: '400000' } },
});
const parsed = parsePolicy(policy.bytes);
if (!parsed.ok) throw new Error('the policy of the game');
const compiled = parsed.value;

/** A new game in `folder`, which keeps the root of the simulated NSM; its first instance has just created the wallet. */
export async function createGame(folder: string, off: Rule | null): Promise<Game> {
  const root = loadNsmRoot(folder);
  const chain = createChainSource(root, 'i-00000000000000000-enc0123456789abcdef', 'eu-central-1');
  const game = { now: Date.now(), instances: [], mail: [], signed: [] } as unknown as Game;
  const secrets = new Map<string, Uint8Array>();
  let payments = 0;
  let seal = new Uint8Array();
  let creation: SignedCommand = { envelope: [], body: new Uint8Array() };
  let record: WitnessRecord | null = null;

  const makeInstance = (): Instance => {
    const boot = new Uint8Array(randomBytes(32));
    const now = () => game.now as Millis;
    const clock = { now, read: now, observe: () => undefined, start: async () => undefined, stop: () => undefined };
    const device = createNsmDevice({ moduleId: 'sim', pcrs: { 0: PCR, 1: PCR, 2: PCR }, now, chain });
    const nsm = createNsmClient({ request: async (bytes) => device(bytes) });
    const recipient = { document: new Uint8Array(), open: (bytes: Uint8Array) => bytes };
    const enclave: Enclave = {
      boot,
      bootHash: hexOf(boot) as Hash,
      image: 'sim',
      mode: 'development',
      clock,
      nsm,
      draw: async (length) => new Uint8Array(randomBytes(length)),
      kms: {
        setCredentials: () => undefined,
        async generateDataKey() {
          const [dataKey, wrappedKey] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];
          secrets.set(hexOf(wrappedKey), Uint8Array.from(dataKey));
          return { dataKey, wrappedKey };
        },
        decrypt: async (_use, wrapped) => Uint8Array.from(secrets.get(hexOf(wrapped)) as Uint8Array),
      },
      passes: { join: async () => recipient, end: () => undefined },
      wallets: createRegistry(),
      blobs: createBlobStore(),
      log: { info: () => undefined, error: () => undefined } as unknown as Enclave['log'],
    };
    return { enclave, receipts: [], states: [], alive: true };
  };

  /** What an append brings goes to this instance's disk; the host may hand any of its states to another. */
  const store = ({ enclave, receipts, states }: Instance): void => {
    const { chain: own } = enclave.wallets.find('w');
    for (let append: WireAppend | null = takePending(own, 60_000); append !== null; append = takePending(own, 60_000)) {
      receipts.push(...append.receipts);
      states.push({ length: receipts.length, head: append.signedHead });
    }
    acknowledgeStored(own, own.seq);
  };
  const stage = ({ enclave }: Instance, { bytes, hash }: typeof policy) =>
    enclave.blobs.put({ hash, total: bytes.length, offset: 0, bytes });
  const send = async (instance: Instance, command: SignedCommand) => {
    const answer = await ownerHandlers(instance.enclave).command(command);
    store(instance);
    return answer.result;
  };
  /** A renewer without one of its rules: its witness is read as if the rule had never been. */
  const weaken = (read: WitnessRecord, boot: string): WitnessRecord => {
    const { boots } = read.witness;
    const own = boots.find((each) => each.boot === boot);
    if (own === undefined && off === 'charges') return { ...read, witness: { ...read.witness, boots: [] } };
    if (own !== undefined && off === 'superseded') {
      return { ...read, witness: { ...read.witness, boots: [...boots.filter((each) => each !== own), own] } };
    }
    return read;
  };
  const parts = (instance: Instance, deliver: boolean): RenewerParts => {
    const boot = instance.enclave.bootHash;
    const owner = makeKey('owner');
    const admin = {
      hello: async () => ({ wallets: [{ wallet: 'w', phase: '' }] }),
      attest: async (nonce: Uint8Array, wallets: string[]) =>
        (await ownerHandlers(instance.enclave).attest({ nonce, wallets })).result,
      async send(sent: Sent) {
        const command = { envelope: [...sent.envelope], body: sent.body };
        game.mail.push(command);
        if (deliver) await send(instance, command);
      },
    } as unknown as Admin;
    const image = { name: 'sim', pcr0: hexOf(PCR), pcr1: hexOf(PCR), pcr2: hexOf(PCR) };
    const keys = { owner: { arn: 'o', publicKey: hexOf(owner.key) } };
    const profile = { mode: 'development', nsmRoot: fingerprint(root.certificate), images: [image], keys };
    const kms = {
      readPublicKey: async () => owner.key,
      sign: async (_a: string, _k: Uint8Array, m: Uint8Array) => owner.sign(m),
    };
    const witness = {
      read: () => weaken(record as WitnessRecord, boot),
      write: (next: WitnessRecord) => {
        record = next;
      },
      readPolicy: () => compiled,
    };
    return { profile, admin, kms, store: witness } as unknown as RenewerParts;
  };

  Object.assign(game, {
    async start(from: Instance | null, state: number) {
      const instance = makeInstance();
      const kept = from?.states[state];
      const receipts = from?.receipts.slice(0, kept?.length ?? 0) ?? [];
      stage(instance, policy);
      const run = blobOf(encodeCbor(receipts));
      if (kept !== undefined) stage(instance, run);
      await ownerHandlers(instance.enclave)['wallet.restore']({
        wallet: 'w',
        seal,
        policyEnvelope: creation.envelope,
        policyBody: creation.body,
        receipts: kept === undefined ? [] : [run.hash],
        ...(kept === undefined ? {} : { signedHead: kept.head }),
      });
      instance.receipts.push(...receipts);
      store(instance);
      game.instances.push(instance);
    },
    spend(instance: Instance, lamports: bigint) {
      payments += 1;
      const wallet = instance.enclave.wallets.find('w');
      const wire = paymentOf(wallet.agentKey, lamports, payments);
      try {
        const { result } = sign(instance.enclave, {
          wallet: 'w',
          stored: wallet.chain.stored,
          transactions: [wire],
          owners: [],
        });
        if (result.outcome === 'signed') game.signed.push({ time: game.now, amount: lamports + FEE });
      } catch (error) {
        if ((error as { code?: string }).code !== 'phase-refused') throw error;
      }
      store(instance);
    },
    async renew(instance: Instance, deliver: boolean) {
      await renewWallets(parts(instance, deliver), ['w']);
    },
    async deliver(instance: Instance, command: SignedCommand) {
      await send(instance, command).catch(() => undefined);
    },
    async close(instance: Instance) {
      await ownerHandlers(instance.enclave)['boot.close']({ wallets: ['w'] });
      store(instance);
    },
  });

  const first = makeInstance();
  stage(first, policy);
  const owner = makeKey('owner').key;
  const body = { wallet: 'w', ownerPublicKey: owner, kmsKeyArn: ARN, policyHash: policy.hash };
  creation = signCommand(first.enclave, 'w', 'wallet.create', body, { seq: 1, notAfter: BigInt(game.now + 60_000) });
  seal = ((await send(first, creation)) as unknown as { seal: Uint8Array<ArrayBuffer> }).seal;
  game.instances.push(first);
  const wallet = first.enclave.wallets.find('w');
  const pins = {
    wallet: 'w',
    agent: wallet.agent.publicKey,
    receiptKey: wallet.chain.key.publicKey,
    owner,
    kmsKeyArn: ARN,
  };
  record = { pins, witness: emptyWitness('w', compiled.hash), head: null, halted: null, approvalIds: [] };
  return game;
}

/** The most that was really signed in any one window. */
export function worstWindow({ signed }: Game): bigint {
  const sums = signed.map(({ time }) =>
    signed
      .filter((other) => other.time > time - WINDOW_MS && other.time <= time)
      .reduce((sum, { amount }) => sum + amount, 0n),
  );
  return sums.reduce((most, sum) => (sum > most ? sum : most), 0n);
}
