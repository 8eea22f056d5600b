/** What happened in a game, in words. */

import type { Lease } from '../../../policy/lease.ts';
import type { AssetId } from '../../../policy/types.ts';
import type { Content, Game, Receipt } from './game.ts';
import { ASSETS, listChain } from './game.ts';

export function nameAsset(asset: AssetId): string {
  return asset === ASSETS[0] ? 'SOL' : 'USDC';
}

export function nameOf(content: Content): string {
  switch (content.kind) {
    case 'lease':
      return `lease ${content.lease.number}`;
    case 'policy':
      return `policy ${content.era + 1} ${content.lease === null ? 'without a lease' : `with lease ${content.lease.number}, ${show(content.lease)}`}`;
    case 'approve':
      return `approval ${content.id}`;
    case 'pause':
    case 'resume':
      return content.kind;
  }
}

export function show({ ceiling, charges, until }: Lease): string {
  const amounts = ASSETS.map((asset) => ceiling[asset] ?? 0n).join('/');
  const unseen = charges.map(({ asset, amount }) => `${amount} ${nameAsset(asset)}`);
  return `ceiling ${amounts}, charged ${unseen.join(' and ') || 'nothing'}, until ${new Date(until).toISOString().slice(11, 19)}`;
}

export function where(game: Game, origin: Receipt | null): string {
  if (origin === null) return 'no receipts';
  return `the first ${listChain(origin).length} receipts of boot ${Number.parseInt(origin.boot, 16)}${origin === game.receipts.at(-1) ? '' : ', an old state'}`;
}
