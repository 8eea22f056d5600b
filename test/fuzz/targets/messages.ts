/** Message bytes, and behind them everything that reads what was decoded: instructions, effects, judgement. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pubkeyToBytes } from '../../../policy/keys.ts';
import type { Message } from '../../../policy/message.ts';
import { decodeMessage, encodeMessage } from '../../../policy/message.ts';
import * as programs from '../../../policy/programs/addresses.ts';
import type { Pubkey } from '../../../policy/types.ts';
import { buildMessage, testKey } from '../../policy/messages.ts';
import {
  AGENT,
  ask,
  compile,
  draft,
  MINT,
  memo,
  openAccount,
  pay,
  payToken,
  price,
  SHOP,
  sponsored,
  UNKNOWN_CALL,
} from '../../policy/policies.ts';
import { findVectors } from '../../vectors.ts';
import type { Answer, Target } from '../harness.ts';

const policy = compile(draft());
const calls = [pay(SHOP, 1_000n), payToken(SHOP, 5n), openAccount(SHOP), memo('invoice 7'), price(10_000n)];
const lookups = [{ table: testKey(0xa0), writable: Uint8Array.of(0, 2), readonly: Uint8Array.of(1) }];
const config = { priorityFee: 7n, computeUnitLimit: 9_000, loadedAccountsDataSizeLimit: 1 << 16, heapSize: 1 << 16 };

const own: readonly Message[] = [
  buildMessage([AGENT], []),
  buildMessage([AGENT], calls),
  buildMessage([AGENT], calls, 'legacy'),
  { ...buildMessage([AGENT], calls), lookups },
  { ...buildMessage([AGENT], calls), version: 1, config: {} },
  { ...buildMessage([AGENT, SHOP], calls), version: 1, config },
  sponsored(...calls, UNKNOWN_CALL),
];

/** Real messages, where they are: they only make the corpus wider. */
function realMessages(): Uint8Array[] {
  const { dir } = findVectors('transactions');
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith('.msg.b64')) : [];
  return names.sort().map((name) => Uint8Array.fromBase64(readFileSync(join(dir, name), 'utf8').trim()));
}

function run(input: Uint8Array): Answer {
  const decoded = decodeMessage(input);
  if (!decoded.ok) return { code: decoded.refusal.code };
  // Whatever was decoded must be judged without an error, too.
  const { decision, violations } = ask(policy, [decoded.value], { owners: [SHOP] });
  const code = decision === 'allow' ? 'ok' : `judged ${violations[0]?.code}`;
  return { code, encoded: encodeMessage(decoded.value) };
}

const addresses = Object.values(programs).filter((value): value is Pubkey => typeof value === 'string');

export const messages: Target = {
  name: 'messages',
  inputs: 1_000_000,
  longest: 4_200,
  seeds: [...own.map(encodeMessage), ...realMessages()],
  tokens: [...addresses, AGENT, SHOP, MINT].map(pubkeyToBytes),
  run,
};
