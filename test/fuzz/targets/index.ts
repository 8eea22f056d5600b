/** Every reader of bytes from outside. */
import { documents, verdicts } from './attestation.ts';
import { cbor } from './cbor.ts';
import { commands } from './commands.ts';
import { frames } from './frames.ts';
import { images } from './images.ts';
import { messages } from './messages.ts';
import { policies } from './policies.ts';
import { transactions } from './transactions.ts';

export const targets = [messages, transactions, frames, cbor, commands, policies, documents, verdicts, images] as const;
