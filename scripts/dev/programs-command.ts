/** `reeve dev programs`: fetches what tests and a development chain need of the audited Squads program into the cache, or says whether it is there. */

import { ReeveError } from '../../enclave/link/errors.ts';
import { encodeBase58 } from '../../policy/base58.ts';
import type { ChainAccount } from '../chain/rpc.ts';
import { openChain } from '../chain/rpc.ts';
import { defineCommand } from '../cli/command.ts';
import { makeFolder, writeDurably } from '../cli/files.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText } from '../cli/text.ts';
import {
  checkConfig,
  checkProgram,
  loadSquads,
  programFiles,
  programsFolder,
  SQUADS_ADDRESS,
  SQUADS_CONFIG_ADDRESS,
  writeConfig,
} from './programs.ts';

const MAINNET = 'https://api.mainnet-beta.solana.com';
const UPGRADEABLE_LOADER = 'BPFLoaderUpgradeab1e11111111111111111111111';
/** A program's account names the account of its code after a tag of four bytes; the code follows a header of 45 bytes there. */
const POINTER_OFFSET = 4;
const CODE_OFFSET = 45;

export const { run } = defineCommand(
  {
    usage: 'reeve dev programs [--rpc URL] [--folder FOLDER] [--check]',
    summary:
      'Fetches the audited Squads v4 program and its configuration account, by both hashes, into a cache outside the project.',
    words: 0,
    options: {
      rpc: { value: 'URL', text: `a Solana node (${MAINNET})` },
      folder: { value: 'FOLDER', text: 'the cache (REEVE_PROGRAMS, ~/.cache/reeve/programs)' },
      check: { text: 'fetch nothing; exit 1 unless the cache holds it' },
    },
  },
  async (context) => {
    const folder = context.option('folder') ?? programsFolder(context.io.env);
    if (!context.flag('check')) await fetchSquads(context.option('rpc') ?? MAINNET, folder);
    const present = loadSquads(folder) !== null;
    context.report({ folder, squads: present }, [
      present
        ? `The audited Squads v4 program is in ${escapeText(folder)}.`
        : `No Squads program in ${escapeText(folder)}: reeve dev programs --rpc URL fetches it.`,
    ]);
    return present ? EXIT.done : EXIT.failed;
  },
);

/** Nothing is kept unless both accounts are what they must be. */
async function fetchSquads(rpc: string, folder: string): Promise<void> {
  const chain = openChain(rpc);
  const pointer = need(await chain.readAccount(SQUADS_ADDRESS), SQUADS_ADDRESS);
  if (pointer.owner !== UPGRADEABLE_LOADER)
    throw new ReeveError('program-invalid', { what: 'loader', expected: UPGRADEABLE_LOADER, observed: pointer.owner });
  const place = encodeBase58(pointer.data.subarray(POINTER_OFFSET, POINTER_OFFSET + 32));
  const code = need(await chain.readAccount(place), place).data.subarray(CODE_OFFSET);
  const config = need(await chain.readAccount(SQUADS_CONFIG_ADDRESS), SQUADS_CONFIG_ADDRESS);
  checkProgram(code);
  checkConfig(config.data);
  const files = programFiles(folder);
  makeFolder(folder);
  writeDurably(files.program, code);
  writeDurably(files.config, writeConfig(config.data, config.lamports));
}

function need(account: ChainAccount | null, address: string): ChainAccount {
  if (account === null) throw new ReeveError('program-invalid', { what: 'account absent', address });
  return account;
}
