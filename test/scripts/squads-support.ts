/** An owner with a wallet and a local chain that has the audited Squads program; commands run in this process. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Instruction, KeyPairSigner } from '@solana/kit';
import { AccountRole, generateKeyPairSigner, getBase58Decoder } from '@solana/kit';
import t from 'tap';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import type { Instruction as PlainInstruction } from '../../host-proxy/transactions/instructions.ts';
import type { Chain } from '../../scripts/chain/rpc.ts';
import { openChain } from '../../scripts/chain/rpc.ts';
import { sendInstructions } from '../../scripts/chain/send.ts';
import { startDevChain } from '../../scripts/dev/chain/chain.ts';
import { loadSquads, programsFolder } from '../../scripts/dev/programs.ts';
import { run as runSquads } from '../../scripts/squads/main.ts';
import type { Machine, Ran } from './owner-support.ts';
import { run, startLeased } from './owner-support.ts';

const squads = loadSquads(programsFolder(process.env));
/** For tests that need the program: they are skipped, and say so, where it is absent. */
export const SKIP = squads === null ? 'no audited Squads program in the cache: reeve dev programs' : false;

export const WALLET = 'shopper';
export const SOL = 1_000_000_000n;

export interface Ground {
  readonly chain: Chain;
  readonly machine: Machine;
  /** Addresses. */
  readonly owner: string;
  readonly agent: string;
  /** Moves the chain's clock, seconds. */
  pass(seconds: number): void;
  fund(address: string, lamports?: bigint): Promise<void>;
  /** `reeve squads …` on this chain, saying yes. */
  squads(...argv: string[]): Promise<Ran>;
  /** The same as a person runs it. */
  ask(input: string, ...argv: string[]): Promise<Ran>;
  send(payer: KeyPairSigner, instructions: readonly Instruction[], ...more: KeyPairSigner[]): Promise<string>;
}

const address = (hex: string) => getBase58Decoder().decode(Buffer.from(hex, 'hex'));

/** A chain of its own whose clock starts now and moves by real time and by `pass`. */
export async function openGround(): Promise<Ground> {
  const machine = await startLeased(WALLET);
  const folder = mkdtempSync(join(tmpdir(), 'reeve-g-'));
  let ahead = 0;
  const now = () => Date.now() + ahead * 1_000;
  const local = await startDevChain({ port: 0, stateDir: folder, squads, now });
  t.teardown(async () => {
    await local.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const chain = openChain(local.url);
  const at = ['--profile', machine.profilePath, '--rpc', local.url];
  const owner = address(machine.profile.keys.owner.publicKey);
  const pins = await machine.owner('status', WALLET);
  const [row] = pins.json['wallets'] as unknown as { agent: string }[];
  const ground: Ground = {
    chain,
    machine,
    owner,
    agent: row?.agent ?? '',
    pass: (seconds) => {
      ahead += seconds;
    },
    async fund(to, lamports = 100n * SOL) {
      await chain.call('requestAirdrop', [to, Number(lamports)]);
    },
    squads: (...argv) => run(runSquads, [...argv, ...at, '--yes', '--json']),
    ask: (input, ...argv) => run(runSquads, [...argv, ...at], { input }),
    send: async (payer, instructions, ...more) =>
      (await sendInstructions(chain, payer, [payer, ...more], instructions)).signature,
  };
  await ground.fund(owner);
  return ground;
}

/** A key with 10 SOL. */
export async function fundedSigner({ fund }: Ground): Promise<KeyPairSigner> {
  const signer = await generateKeyPairSigner();
  await fund(signer.address, 10n * SOL);
  return signer;
}

/** An instruction of the host proxy's encoder in kit's form. */
export function useInstruction({ program, accounts, data }: PlainInstruction): Instruction {
  const roles = [AccountRole.READONLY, AccountRole.WRITABLE, AccountRole.READONLY_SIGNER, AccountRole.WRITABLE_SIGNER];
  return {
    programAddress: encodeBase58(program) as Address,
    accounts: accounts.map(({ key, signer, writable }) => ({
      address: encodeBase58(key) as Address,
      role: roles[(signer ? 2 : 0) + (writable ? 1 : 0)] as AccountRole,
    })),
    data: Uint8Array.from(data),
  };
}
