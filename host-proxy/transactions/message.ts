/** Legacy message compiler for the few instructions of a transfer. */

import { encodeCompact } from './compact.ts';
import type { AccountMeta, Instruction } from './instructions.ts';

/** The message bytes with `payer` first. Deterministic: equal input gives equal bytes. At most 256 accounts, which a transfer is far from. */
export function compileMessage(
  payer: Uint8Array,
  instructions: readonly Instruction[],
  blockhash: Uint8Array,
): Uint8Array {
  const keys = orderKeys(payer, instructions);
  const signers = keys.filter(({ signer }) => signer);
  const header = [
    signers.length,
    signers.filter(({ writable }) => !writable).length,
    keys.filter(({ signer, writable }) => !signer && !writable).length,
  ];
  const indexes = new Map(keys.map(({ key }, index) => [hex(key), index]));
  return Buffer.concat([
    Uint8Array.from([...header, ...encodeCompact(keys.length)]),
    ...keys.map(({ key }) => key),
    blockhash,
    Uint8Array.from(encodeCompact(instructions.length)),
    ...instructions.map((instruction) => encodeInstruction(instruction, indexes)),
  ]);
}

const hex = (key: Uint8Array): string => Buffer.from(key).toString('hex');

/**
 * A message as Squads keeps it: single-byte counts, no blockhash, the vault its one signer. The caller's instructions are few and need no other signature.
 */
export function compileVaultMessage(vault: Uint8Array, instructions: readonly Instruction[]): Uint8Array {
  const keys = orderKeys(vault, instructions);
  const indexes = new Map(keys.map(({ key }, index) => [hex(key), index]));
  const writable = keys.filter((meta) => meta.writable && !meta.signer).length;
  const index = (key: Uint8Array) => indexes.get(hex(key)) ?? 0;
  const encoded = instructions.map(({ program, accounts, data }) => {
    const head = [index(program), accounts.length, ...accounts.map(({ key }) => index(key))];
    return Buffer.concat([Uint8Array.from([...head, data.length & 0xff, data.length >> 8]), data]);
  });
  const counts = Uint8Array.of(1, 1, writable, keys.length);
  return Buffer.concat([
    counts,
    ...keys.map(({ key }) => key),
    Uint8Array.of(encoded.length),
    ...encoded,
    Uint8Array.of(0),
  ]);
}

/** Writable signers, other signers, other writable accounts, the rest; in each the order of first use, the payer first of all. */
function orderKeys(payer: Uint8Array, instructions: readonly Instruction[]): AccountMeta[] {
  const metas = new Map<string, AccountMeta>([[hex(payer), { key: payer, signer: true, writable: true }]]);
  const programs = instructions.map(({ program }) => ({ key: program, signer: false, writable: false }));
  for (const meta of [...instructions.flatMap(({ accounts }) => accounts), ...programs]) {
    const seen = metas.get(hex(meta.key));
    const signer = meta.signer || seen?.signer === true;
    metas.set(hex(meta.key), { key: meta.key, signer, writable: meta.writable || seen?.writable === true });
  }
  const rank = ({ signer, writable }: AccountMeta) => (signer ? 0 : 2) + (writable ? 0 : 1);
  return [...metas.values()].sort((a, b) => rank(a) - rank(b));
}

function encodeInstruction({ program, accounts, data }: Instruction, indexes: ReadonlyMap<string, number>): Uint8Array {
  const index = (key: Uint8Array) => indexes.get(hex(key)) ?? 0;
  const head = [index(program), ...encodeCompact(accounts.length), ...accounts.map(({ key }) => index(key))];
  return Buffer.concat([Uint8Array.from([...head, ...encodeCompact(data.length)]), data]);
}
