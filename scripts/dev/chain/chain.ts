/**
 * The local chain of the development stack: LiteSVM behind the JSON-RPC methods that a client needs, on 127.0.0.1.
 *
 * Like a cluster: 400 ms slots of real time, blockhashes that die after 150 slots, preflight, fees, statuses, history, the node's error codes.
 * Unlike one: a single ledger without forks, so everything is final at once and every commitment sees the same; no votes, rent collection,
 * WebSocket (poll `getSignatureStatuses`); no limit of requests. It says that it is simulated in `getVersion` and has a genesis hash of its own.
 */
import { randomBytes } from 'node:crypto';
import type { SquadsProgram } from '../programs.ts';
import { createBank } from './bank.ts';
import { openFaucet } from './faucet.ts';
import type { Ledger } from './ledger.ts';
import { METHODS } from './methods.ts';
import { VERSION } from './methods-status.ts';
import { listenRpc } from './rpc-server.ts';
import type { Genesis } from './slots.ts';
import { BLOCKHASH_SLOTS, createSlots, hashGenesis } from './slots.ts';
import type { ChainStore } from './store.ts';
import { openChainStore, readGenesis, writeGenesis } from './store.ts';

/** The slot a new chain starts at: recent enough that programs meet numbers of today's size. */
const FIRST_SLOT = 440_208_000n;

export interface DevChainOptions {
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  /** Folder of the chain's state; made where absent, locked while the chain runs. */
  readonly stateDir: string;
  /** The clock, in milliseconds since the Unix epoch. */
  readonly now?: () => number;
  /** The audited Squads program, where there is one. */
  readonly squads?: SquadsProgram | null;
  /** Told of faults of the chain itself, never of what clients did wrong. */
  readonly onFault?: (method: string, error: unknown) => void;
}

export interface DevChain {
  readonly url: string;
  /** The faucet's address. */
  readonly faucet: string;
  readonly genesisHash: string;
  readonly version: string;
  close(): Promise<void>;
}

/**
 * Starts the chain on its state, new or resumed. What has been answered is on disk already: `close` only lets go.
 * Throws an Error that says which when the folder is held by another chain or the port is taken.
 */
export async function startDevChain(options: DevChainOptions): Promise<DevChain> {
  const now = options.now ?? Date.now;
  const store = openChainStore(options.stateDir);
  try {
    const genesis = readGenesis(store) ?? makeGenesis(store, now());
    const squads = options.squads ?? null;
    const ledger = openLedger(store, genesis, now, squads);
    if (squads !== null) addConfiguration(ledger, squads);
    const faucet = await openFaucet(ledger);
    const onFault = options.onFault ?? (() => undefined);
    const server = await listenRpc({ chain: { ledger, faucet }, methods: METHODS, port: options.port, onFault });
    const close = async () => {
      await server.close();
      store.close();
    };
    return { url: server.url, faucet: faucet.address, genesisHash: hashGenesis(genesis), version: VERSION, close };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** The program's own account, as it stands on the public chain; once on a chain it stays as transactions leave it. */
function addConfiguration({ bank, store }: Ledger, { address: owner, config }: SquadsProgram): void {
  if (bank.readAccount(config.address) !== null) return;
  const account = { ...config, owner, executable: false };
  bank.writeAccount(account);
  store.putAccounts([account]);
}

function openLedger(store: ChainStore, genesis: Genesis, now: () => number, squads: SquadsProgram | null): Ledger {
  const issued = store.readBlockhashes();
  const starts = issued.map((lifetime) => lifetime.lastValidBlockHeight - BLOCKHASH_SLOTS);
  const lastSlot = starts.reduce((highest, slot) => (slot > highest ? slot : highest), 0n);
  const slots = createSlots({
    genesis,
    now,
    issued,
    lastSlot,
    onIssue: (lifetime) => store.addBlockhash(lifetime, slots.current()),
  });
  const programs = squads === null ? [] : [squads];
  return { bank: createBank(store.readAccounts(), store.countTransactions(), programs), slots, store, now };
}

function makeGenesis(store: ChainStore, time: number): Genesis {
  const genesis = { seed: Uint8Array.from(randomBytes(32)), time, slot: FIRST_SLOT };
  writeGenesis(store, genesis);
  return genesis;
}
