/** New pins from the owner's own command: nobody is asked to believe the host, or whoever reached the renewer's socket. */

import { decodeCommandBody, openCommand } from '../../enclave/link/commands.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Pins } from '../owner/attest.ts';
import type { SealProof } from '../owner/moved-seal.ts';

/** The pins after this command, which the owner pinned so far has signed. One that was followed already changes nothing. Throws `command-*`. */
export function readMovedPins(pins: Pins, { envelope, body }: SealProof): Pins {
  const { payload, signers } = openCommand(envelope);
  const { command, wallet, bodyHash } = payload;
  if (wallet !== pins.wallet) throw new ReeveError('command-wallet', { expected: pins.wallet, observed: wallet });
  const signed = (key: Uint8Array) => signers.some((signer) => Buffer.from(signer).equals(key));
  if (!signed(pins.owner)) throw new ReeveError('command-signature', { command });
  if (command === 'reseal') {
    return { ...pins, kmsKeyArn: decodeCommandBody(command, body, bodyHash).kmsKeyArn };
  }
  if (command !== 'owner.rotate') throw new ReeveError('command-malformed', { command });
  const { ownerPublicKey: owner, kmsKeyArn } = decodeCommandBody(command, body, bodyHash);
  if (!signed(owner)) throw new ReeveError('command-signature', { command });
  return { ...pins, owner, kmsKeyArn };
}
