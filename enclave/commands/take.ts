/** Takes an owner command: envelope, role, boot, sequence, end, body, phase; then the handler of its name; then its receipt. */

import type { Enclave } from '../enclave.ts';
import { requireRoom } from '../gates/require-room.ts';
import type { OpenCommand } from '../link/commands.ts';
import { decodeCommandBody, openCommand } from '../link/commands.ts';
import type { CommandBody, CommandName } from '../link/schema/command.ts';
import type { Params } from '../link/schema/registry.ts';
import { closeWallet } from '../wallet/close.ts';
import { requirePhase } from '../wallet/phases.ts';
import { record } from '../wallet/record.ts';
import type { Wallet } from '../wallet/state.ts';
import { approve, deny } from './approve.ts';
import { checkBinding, checkRole, checkRotation, timeFor } from './binding.ts';
import type { Admitted, CommandAnswer, CommandFacts, CommandHandler } from './context.ts';
import { createByCommand } from './create.ts';
import { grantLease } from './lease-grant.ts';
import { pause } from './pause.ts';
import { setPolicy } from './policy-set.ts';
import type { SealingCommand } from './reseal.ts';
import { resealByCommand } from './reseal.ts';
import { resume } from './resume.ts';
import { signTicket } from './ticket.ts';

type WalletCommand = Exclude<CommandName, 'wallet.create'>;
type PromptCommand = Exclude<WalletCommand, SealingCommand>;

/** Commands done in one step. Those that end a wallet do their work after their receipt: `closeWallet` writes the boot's last one. */
const HANDLERS: { readonly [Name in PromptCommand]: CommandHandler<Name> } = {
  'policy.set': setPolicy,
  'lease.grant': grantLease,
  pause,
  resume,
  approve,
  deny,
  sign: signTicket,
  close: ({ wallet }) => endIn(wallet, 'closed'),
  'wallet.retire': ({ wallet }) => endIn(wallet, 'retired'),
};

/** Before the command's receipt: a checkpoint that follows it must already know how the wallet ended. */
function endIn(wallet: Wallet, phase: 'closed' | 'retired'): CommandFacts {
  wallet.phase = phase;
  return {};
}

type CommandParams = Params<'owner', 'command'>;

/** Carries out a signed command, or throws the code of the first check it fails. A sequence number is used up once signature, binding and body hold. */
export async function takeCommand(enclave: Enclave, params: CommandParams): Promise<CommandAnswer> {
  const opened = openCommand(params.envelope);
  const { command } = opened.payload;
  switch (command) {
    case 'wallet.create':
      return createByCommand(enclave, params, opened);
    case 'reseal':
    case 'owner.rotate':
      return resealByCommand(enclave, admit(enclave, params, opened, command));
    default:
      return takePrompt(enclave, command, admit(enclave, params, opened, command));
  }
}

/** The checks every command for a wallet passes, in their order. */
function admit<Name extends WalletCommand>(
  enclave: Enclave,
  params: CommandParams,
  { payload, signers }: OpenCommand,
  command: Name,
): Admitted<Name> {
  const wallet = enclave.wallets.find(payload.wallet);
  if (command !== 'owner.rotate') checkRole(command, signers, wallet);
  checkBinding(enclave, payload, wallet.commandSeq);
  const body = decodeCommandBody(command, params.body, payload.bodyHash);
  if (command === 'owner.rotate') {
    checkRotation(signers, wallet.owner, (body as CommandBody<'owner.rotate'>).ownerPublicKey);
  }
  requireRoom(wallet.chain, 'owner');
  wallet.commandSeq = payload.seq;
  requirePhase(wallet, command === 'sign' ? 'ticket' : command);
  const receipt = { command, seq: payload.seq, signers: [...signers], envelope: params.envelope };
  return { wallet, body, receipt };
}

function takePrompt(
  enclave: Enclave,
  command: PromptCommand,
  { wallet, body, receipt }: Admitted<PromptCommand>,
): CommandAnswer {
  const now = timeFor(enclave, command);
  const facts = handlerOf(command)({ enclave, wallet, now }, body);
  let { seq } = record(wallet, 'command', { ...receipt, ...facts }, now);
  if (command === 'close') seq = closeWallet(wallet, now).seq;
  if (command === 'wallet.retire') seq = closeWallet(wallet, now, 'retired').seq;
  const { name, phase } = wallet;
  const signed = facts.signature === undefined ? {} : { signature: facts.signature };
  return { result: { command, wallet: name, phase, ...signed }, wallet: name, after: { wallet: name, seq } };
}

/** The handler takes exactly this command's body: both come from tables with the same keys, which TypeScript cannot follow through a union. */
function handlerOf<Name extends PromptCommand>(command: Name): CommandHandler<PromptCommand> {
  const handler: (context: Parameters<CommandHandler<Name>>[0], body: CommandBody<Name>) => object = HANDLERS[command];
  return handler as CommandHandler<PromptCommand>;
}
