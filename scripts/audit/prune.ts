/** `reeve audit prune`: old receipts out of a host's store, into a folder of the operator's. */

import { resolve } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { moveOldReceipts } from '../../host-proxy/store/retention.ts';
import { openStore } from '../../host-proxy/store/store.ts';
import { defineCommand } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText } from '../cli/text.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export const prune = defineCommand(
  {
    usage: 'reeve audit prune WALLET --store FOLDER --to FOLDER --older-than DAYS',
    summary:
      'Moves whole segments of old receipts out of the store of a host proxy that is not running. What a restore reads stays, however old.',
    words: 1,
    options: {
      store: { value: 'FOLDER', text: 'the store: `store` of the host proxy’s configuration' },
      to: { value: 'FOLDER', text: 'where they go; audit verify reads them there, together with those that stay' },
      'older-than': { value: 'DAYS', text: 'a segment goes when all its receipts are older' },
    },
  },
  async (context) => {
    const wallet = context.words[0] as string;
    const [folder, to, days] = [context.option('store'), context.option('to'), context.option('older-than')];
    if (folder === undefined || to === undefined) throw usageError('--store and --to are needed');
    if (days === undefined || !/^[0-9]{1,5}$/.test(days)) throw usageError('--older-than takes days');
    const store = await openStore(resolve(folder));
    try {
      const damage = store.damaged.get(wallet);
      if (damage !== undefined) throw damage;
      const found = store.find(wallet);
      if (found === undefined) throw new ReeveError('wallet-unknown', { wallet });
      const runs = await moveOldReceipts(found, BigInt(Date.now() - Number(days) * DAY_MS), resolve(to));
      const receipts = runs.reduce((sum, { count }) => sum + count, 0);
      const value = { wallet, segments: runs.length, receipts, oldestKept: (runs[0]?.first ?? 1) + receipts };
      context.report(value, [`${escapeText(wallet)}: ${receipts} receipts in ${runs.length} segments moved.`]);
      return EXIT.done;
    } finally {
      await store.close();
    }
  },
);
export const { run } = prune;
