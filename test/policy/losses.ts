/** What our accounts on a local chain hold, and who has which right over them: what a transaction must not take or change unsaid. */
import type { LiteSVM } from 'litesvm';
import { readU64 } from '../../policy/bytes.ts';
import { pubkeyFromBytes } from '../../policy/keys.ts';
import type { Effect, Pubkey } from '../../policy/types.ts';
import { a } from './chain.ts';
import { fungibles, ours } from './hostile-world.ts';

/** Where fields of a token account stand. */
const AT = { mint: 0, amount: 64, delegate: 72, state: 108, closeAuthority: 129, end: 165 };
const NOBODY = 'nobody';

/** What was lost, asset by asset; nothing that was gained. */
export function lossesOf(before: Snapshot, after: Snapshot): Map<string, bigint> {
  const losses = [...before.held].map(([asset, held]) => [asset, held - (after.held.get(asset) ?? 0n)] as const);
  return new Map(losses.filter(([, lost]) => lost > 0n));
}

export interface Rights {
  /** The program, and of a token account mint, owner, state and who may close it: nothing that is ever allowed changes these. */
  readonly fixed: string;
  readonly delegate: Pubkey | typeof NOBODY;
}

/** Our accounts at one moment: what they hold of each asset (lamports wherever they are, tokens by mint), and rights over those that exist. */
export interface Snapshot {
  readonly held: ReadonlyMap<string, bigint>;
  readonly rights: ReadonlyMap<Pubkey, Rights>;
}

export function takeSnapshot(chain: LiteSVM): Snapshot {
  const held = new Map<string, bigint>([['SOL', 0n]]);
  const rights = new Map<Pubkey, Rights>();
  const add = (asset: string, amount: bigint) => held.set(asset, (held.get(asset) ?? 0n) + amount);
  for (const key of ours) {
    const account = chain.getAccount(a(key));
    if (!account.exists) continue;
    const data = Uint8Array.from(account.data);
    add('SOL', account.lamports);
    rights.set(key, readRights(account.programAddress, data));
    if (data.length < AT.end) continue;
    const mint = pubkeyFromBytes(data.subarray(AT.mint, AT.mint + 32));
    if (fungibles.includes(mint)) add(mint, readU64(data, AT.amount));
  }
  return { held, rights };
}

function readRights(program: string, data: Uint8Array): Rights {
  if (data.length < AT.end) return { fixed: [program, data.toHex()].join(' '), delegate: NOBODY };
  const parts = [
    data.subarray(0, AT.amount),
    data.subarray(AT.state, AT.state + 1),
    data.subarray(AT.closeAuthority, AT.end),
  ];
  const delegate = data[AT.delegate] === 1 ? pubkeyFromBytes(data.subarray(AT.delegate + 4, AT.state)) : NOBODY;
  return { fixed: [program, ...parts.map((part) => part.toHex())].join(' '), delegate };
}

/** The accounts whose rights changed in a way that no effect says. A delegate that is gone has lost a right, which needs no word. */
export function unsaidChanges(before: Snapshot, after: Snapshot, effects: readonly Effect[]): Pubkey[] {
  const changed = [...before.rights].filter(([key, was]) => !isSaid(key, was, after.rights.get(key), effects));
  return changed.map(([key]) => key);
}

function isSaid(key: Pubkey, was: Rights, is: Rights | undefined, effects: readonly Effect[]): boolean {
  const about = effects.filter((effect) => 'account' in effect && effect.account === key);
  if (is === undefined) return about.some(({ kind }) => kind === 'close');
  if (is.fixed !== was.fixed) return false;
  if (is.delegate === was.delegate || is.delegate === NOBODY) return true;
  return about.some((effect) => effect.kind === 'delegation' && effect.delegate === is.delegate);
}
