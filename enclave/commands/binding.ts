/** Whether a command is for this wallet, boot and moment, and signed by someone who may. */

import type { Enclave } from '../enclave.ts';
import { COMMAND_AHEAD_MS, COMMAND_GAP } from '../limits.ts';
import type { OpenCommand } from '../link/commands.ts';
import { ReeveError } from '../link/errors.ts';
import type { CommandName, CommandPayload, Role } from '../link/schema/command.ts';
import { COMMANDS } from '../link/schema/command.ts';
import type { Wallet } from '../wallet/state.ts';

/** Commands that only make things stricter: taken also while the clock is not believed. */
const WITHOUT_CLOCK: ReadonlySet<CommandName> = new Set<CommandName>(['pause', 'deny', 'close', 'wallet.retire']);

/** Throws `command-signature` unless every signer is the owner or has a role of this command. */
export function checkRole(
  command: CommandName,
  signers: OpenCommand['signers'],
  wallet: Pick<Wallet, 'owner' | 'policy'>,
): void {
  const roles: readonly Role[] = COMMANDS[command].roles;
  const allowed = new Set([
    Buffer.from(wallet.owner).toString('hex'),
    ...roles.flatMap((role): readonly string[] => (role === 'owner' ? [] : wallet.policy.keys[role])),
  ]);
  const mayAll = signers.length > 0 && signers.every((key) => allowed.has(Buffer.from(key).toString('hex')));
  if (!mayAll) throw new ReeveError('command-signature', { command });
}

/** Throws `command-signature` unless the present and the next owner signed, two keys, and nobody else. */
export function checkRotation(signers: OpenCommand['signers'], owner: Uint8Array, next: Uint8Array): void {
  const expected = [owner, next].map((key) => Buffer.from(key).toString('hex')).sort();
  const found = signers.map((key) => Buffer.from(key).toString('hex')).sort();
  if (expected.join() !== found.join()) throw new ReeveError('command-signature', { command: 'owner.rotate' });
}

/** Throws `command-boot`, `command-replayed`, `command-malformed` for a number too far ahead, `command-expired`. `lastSeq` is the wallet's last command of this boot. */
export function checkBinding(enclave: Enclave, payload: CommandPayload, lastSeq: number): void {
  const { boot, seq, notAfter, command } = payload;
  if (!Buffer.from(boot).equals(enclave.boot)) throw new ReeveError('command-boot', { command });
  if (seq <= lastSeq) throw new ReeveError('command-replayed', { last: lastSeq, observed: seq });
  // A role's key must not be able to use up the numbers of the owner's pause.
  if (seq > lastSeq + COMMAND_GAP) throw new ReeveError('command-malformed', { what: 'seq', limit: COMMAND_GAP });
  const now = BigInt(timeFor(enclave, command));
  if (notAfter <= now || notAfter > now + BigInt(COMMAND_AHEAD_MS))
    throw new ReeveError('command-expired', { command });
}

/** The time a command is judged at. */
export function timeFor({ clock }: Enclave, command: CommandName) {
  return WITHOUT_CLOCK.has(command) ? clock.read() : clock.now();
}
