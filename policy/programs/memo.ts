/** The Memo programs. All the data is the memo; the accounts, if any, are those that vouch for it by signing. */
import type { Pubkey } from '../types.ts';
import type { Decoded, RawInstruction } from './raw.ts';
import { fault } from './raw.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export interface Memo {
  readonly program: 'memo';
  readonly name: 'memo';
  /** Valid UTF-8; may hold control and bidirectional characters: escape before showing. */
  readonly bytes: Uint8Array;
  readonly signers: readonly Pubkey[];
}

export function decodeMemo({ accounts, positions, requiredSignatures, data }: RawInstruction): Decoded<Memo> {
  for (const position of positions) {
    if (position >= requiredSignatures) return fault('memo-invalid', 'an account of the memo does not sign');
  }
  if (!isUtf8(data)) return fault('memo-invalid', 'not UTF-8');
  return { ok: true, value: { program: 'memo', name: 'memo', bytes: data, signers: accounts } };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
