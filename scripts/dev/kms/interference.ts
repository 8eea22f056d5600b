/** What a broken or hostile KMS may do instead of answering as it should. For tests: nothing in a stack can switch it on. */

import { randomBytes } from 'node:crypto';
import type { Output } from './operations.ts';

export type Interference =
  /** Takes the request and never answers. */
  | 'silent'
  /** Ends the connection: before anything is done, or in place of the answer. */
  | 'dead'
  | 'dead-after'
  | 'throttled'
  /** Answers in the name of another key. */
  | 'other-key'
  /** Gives the secret in the clear, beside the envelope or instead of it. */
  | 'plaintext-beside'
  | 'plaintext'
  /** An envelope that is none, or one made for another key. */
  | 'garbage'
  | 'other-envelope'
  /** Well-formed and for the right recipient, with a secret of the forger's own, or one too short. */
  | 'forged-envelope'
  | 'short-envelope';

/** Held by the test and read at every request. */
export interface Interferer {
  kind: Interference | null;
  /** Called as each request arrives, before `kind` is read. */
  begin?: () => void;
  /** For `other-envelope`. */
  envelope?: string;
}

/** The answer as a KMS in the way gives it. */
export function interfere({ kind, envelope = '' }: Interferer, output: Output): Output {
  const Plaintext = randomBytes(32).toString('base64');
  switch (kind) {
    case 'other-key':
      return { ...output, KeyId: `${String(output['KeyId']).slice(0, -1)}x` };
    case 'plaintext-beside':
      return { ...output, Plaintext };
    case 'plaintext':
      return { ...output, Plaintext, CiphertextForRecipient: undefined };
    case 'garbage':
      return { ...output, CiphertextForRecipient: randomBytes(300).toString('base64') };
    case 'other-envelope':
      return { ...output, CiphertextForRecipient: envelope };
    default:
      return output;
  }
}

/** The secret that is sealed to the recipient. */
export function forge(interferer: Interferer | undefined, secret: Uint8Array): Uint8Array {
  switch (interferer?.kind) {
    case 'forged-envelope':
      return randomBytes(secret.length);
    case 'short-envelope':
      return randomBytes(16);
    default:
      return secret;
  }
}
