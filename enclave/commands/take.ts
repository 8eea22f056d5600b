/** Takes an owner command: envelope, role, boot, sequence, end, body, phase; then the handler of its name; then its receipt. */

import type { Enclave } from '../enclave.ts';
import { requireRoom } from '../gates/require-room.ts';
import type { OpenCommand } from '../link/commands.ts';
import { decodeCommandBody, openCommand } from '../link/commands.ts';
import type { CommandBody, CommandName } from '../link/schema/command.ts';
import type { Outcome, Params } from '../link/schema/registry.ts';
import type { Answer } from '../planes/answer.ts';
import { closeWallet } from '../wallet/close.ts';
import { requirePhase } from '../wallet/phases.ts';
import { record } from '../wallet/record.ts';
import type { Wallet } from '../wallet/state.ts';
import { approve, deny } from './approve.ts';
import { checkBinding, checkRole, timeFor } from './binding.ts';
import type { CommandHandler } from './context.ts';
import { createByCommand } from './create.ts';
import { grantLease } from './lease-grant.ts';
import { pause } from './pause.ts';
import { setPolicy } from './policy-set.ts';
import { resume } from './resume.ts';

type WalletCommand = Exclude<CommandName, 'wallet.create'>;

/** Every command for a wallet that exists. `close` does its work after its receipt: `closeWallet` writes the boot's last one. */
const HANDLERS: { readonly [Name in WalletCommand]: CommandHandler<Name> } = {
  'policy.set': setPolicy,
  'lease.grant': grantLease,
  pause,
  resume,
  approve,
  deny,
  close: () => ({}),
};

type CommandParams = Params<'owner', 'command'>;
type CommandAnswer = Answer<Outcome<'owner', 'command'>>;

/** Carries out a signed command, or throws the code of the first check it fails. A sequence number is used up once signature, binding and body hold. */
export async function takeCommand(enclave: Enclave, params: CommandParams): Promise<CommandAnswer> {
  const opened = openCommand(params.envelope);
  const { command } = opened.payload;
  return command === 'wallet.create'
    ? createByCommand(enclave, params, opened)
    : takeForWallet(enclave, params, opened, command);
}

function takeForWallet(
  enclave: Enclave,
  params: CommandParams,
  { payload, signers }: OpenCommand,
  command: WalletCommand,
): CommandAnswer {
  const wallet = enclave.wallets.find(payload.wallet);
  checkRole(command, signers, wallet);
  checkBinding(enclave, payload, wallet.commandSeq);
  const body = decodeCommandBody(command, params.body, payload.bodyHash);
  requireRoom(wallet.chain, 'owner');
  wallet.commandSeq = payload.seq;
  requirePhase(wallet, command);
  const now = timeFor(enclave, command);
  const facts = handlerOf(command)({ enclave, wallet, now }, body);
  const receipt = { command, seq: payload.seq, signers: [...signers], envelope: params.envelope, ...facts };
  let { seq } = record(wallet, 'command', receipt, now);
  if (command === 'close') seq = closeWallet(wallet, now).seq;
  return answerCommand(wallet, command, seq);
}

/** The handler takes exactly this command's body: both come from tables with the same keys, which TypeScript cannot follow through a union. */
function handlerOf<Name extends WalletCommand>(command: Name): CommandHandler<WalletCommand> {
  const handler: (context: Parameters<CommandHandler<Name>>[0], body: CommandBody<Name>) => object = HANDLERS[command];
  return handler as CommandHandler<WalletCommand>;
}

export function answerCommand(wallet: Wallet, command: CommandName, seq: number): CommandAnswer {
  const { name, phase } = wallet;
  return { result: { command, wallet: name, phase }, wallet: name, after: { wallet: name, seq } };
}
