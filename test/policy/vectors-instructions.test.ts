/** The instructions of real transactions, down to what is inside Squads proposals and config transactions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { EffectContext } from '../../policy/effects.ts';
import { readEffects } from '../../policy/effects.ts';
import { decodeInstructions } from '../../policy/instructions.ts';
import { knownPubkey, pubkeyToBase58 } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import { decodeMessage } from '../../policy/message.ts';
import { deriveVault } from '../../policy/programs/squads-addresses.ts';
import { decodeConfigActions } from '../../policy/programs/squads-config.ts';
import { decodeInnerMessage } from '../../policy/programs/squads-message.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Pubkey } from '../../policy/types.ts';
import { findVectors } from '../vectors.ts';
import { testKey } from './messages.ts';

const { dir, skip } = findVectors('transactions');

interface ExpectedInstruction {
  readonly program: string;
  readonly name: string;
  readonly dataHex: string;
  readonly squadsInner?: {
    readonly numSigners: number;
    readonly accountKeys: readonly string[];
    readonly instructions: readonly { program: string; accountIndexes: readonly number[]; dataHex: string }[];
    readonly lookups: number;
  };
  readonly squadsConfigActions?: readonly { readonly __kind: string }[];
}
interface Expected {
  readonly file: string;
  readonly kind: 'tx' | 'msg';
  readonly instructions: readonly ExpectedInstruction[];
}

function readMessage({ file, kind }: Expected): Message | null {
  const name = file.endsWith('.b64') ? file : `${file}.${kind}.b64`;
  const bytes = Uint8Array.fromBase64(readFileSync(join(dir, name), 'utf8').trim());
  if (kind === 'tx') {
    const transaction = decodeTransaction(bytes);
    return transaction.ok ? transaction.value.message : null;
  }
  // Messages made for a hardware wallet's parser: seven have a payer that is read only.
  if (bytes[0] === 1 && bytes[1] === 1) bytes[1] = 0;
  const message = decodeMessage(bytes);
  return message.ok ? message.value : null;
}

function listVectors(): Expected[] {
  return Object.values(JSON.parse(readFileSync(join(dir, 'expected.json'), 'utf8')) as Record<string, Expected>);
}

/** What the instruction of an expectation is to us; the rest is the same word with other capitals. */
const ours: Readonly<Record<string, string>> = {
  'System.TransferSol': 'system transfer',
  'ATA.CreateAssociatedTokenIdempotent': 'associated-token createIdempotent',
  'ATA.Create(empty data)': 'associated-token create',
  'Stake.DelegateStake': 'stake delegate',
  'CB.RequestUnits': 'instruction-unknown',
  'Token.InitializeMultisig': 'always-refused',
  'Vote.tag 3': 'always-refused',
};
const programs: Readonly<Record<string, string>> = {
  CB: 'compute-budget',
  System: 'system',
  Token: 'token',
  Token2022: 'token-2022',
  Stake: 'stake',
  Squads: 'squads',
};
const proposing = ['VaultTransactionCreate', 'ProposalCreate', 'ProposalApprove', 'SpendingLimitUse'];

function expectedOutcome(name: string): string {
  const known = ours[name];
  if (known !== undefined) return known;
  if (name.startsWith('Secp256r')) return 'secp256r1 verify';
  const [family = '', call = ''] = name.split('.');
  const program = programs[family];
  if (program === undefined) return 'program-unknown';
  if (program === 'squads' && !proposing.includes(call)) return 'always-refused';
  return `${program} ${call.charAt(0).toLowerCase()}${call.slice(1)}`;
}

/** Accounts behind those that the instruction takes, which the runtime tolerates; and a heap of half a gigabyte. */
const stricter: Readonly<Record<string, string>> = {
  '007-spl-transfer-token-multisig-signers.msg.b64 0': 'instruction-malformed',
  '012-sol-transfer-extra-account.tx.b64 0': 'instruction-malformed',
  '021-cb-limit-price-heap-transfer.msg.b64 2': 'compute-budget-invalid',
  '035-ata-create-empty-data.msg.b64 0': 'instruction-malformed',
  '046-squads-approve-blind-v0.tx.b64 0': 'instruction-malformed',
};

t.test('every instruction is decoded by its name or refused for its reason', { skip }, async (t) => {
  let count = 0;
  for (const vector of listVectors()) {
    const message = readMessage(vector);
    if (message === null) continue;
    const loaded = Array.from({ length: 256 - message.keys.length }, (_, i) => testKey(i));
    const results = decodeInstructions(message, { keys: [...message.keys, ...loaded] });
    t.equal(results.length, vector.instructions.length);
    for (const [index, result] of results.entries()) {
      const name = vector.instructions[index]?.name ?? '';
      const outcome = result.ok ? `${result.value.program} ${result.value.name}` : result.refusal.code;
      const place = `${vector.file} ${index}`;
      t.equal(outcome, stricter[place] ?? expectedOutcome(name), `${place} ${name}`);
      count += 1;
    }
  }
  t.equal(count, 115);
});

t.test('what proposals hold', { skip }, async (t) => {
  let count = 0;
  for (const { file, instructions } of listVectors()) {
    for (const { name, dataHex, squadsInner } of instructions) {
      if (squadsInner === undefined) continue;
      // Behind the discriminator: for a vault transaction the vault, then for both the ephemeral signers and the length.
      const skipped = name.endsWith('VaultTransactionCreate') ? 10 : 9;
      const data = Uint8Array.fromHex(dataHex);
      const length = new DataView(data.buffer).getUint32(skipped, true);
      const inner = decodeInnerMessage(data.subarray(skipped + 4, skipped + 4 + length));
      if (!inner.ok) throw new Error(`${file}: ${inner.refusal}`);
      const { requiredSignatures, keys, lookups } = inner.value;
      const expected = {
        ...squadsInner,
        instructions: squadsInner.instructions.map(({ program, accountIndexes, dataHex }) => ({
          program,
          accountIndexes,
          dataHex,
        })),
      };
      t.match(expected, {
        numSigners: requiredSignatures,
        accountKeys: keys.map(pubkeyToBase58),
        lookups: lookups.length,
        instructions: inner.value.instructions.map(({ program, accounts, data }) => ({
          program: pubkeyToBase58(keys[program] as Pubkey),
          accountIndexes: [...accounts],
          dataHex: data.toHex(),
        })),
      });
      count += 1;
    }
  }
  t.equal(count, 3);
});

t.test('what config transactions would change', { skip }, async (t) => {
  const found: unknown[] = [];
  for (const { instructions } of listVectors()) {
    for (const { dataHex, squadsConfigActions } of instructions) {
      if (squadsConfigActions === undefined) continue;
      const decoded = decodeConfigActions(Uint8Array.fromHex(dataHex).subarray(8));
      if (!decoded.ok) throw new Error(decoded.refusal);
      t.match(
        squadsConfigActions.map(({ __kind }) => __kind.toLowerCase()),
        decoded.value.actions.map(({ kind }) => kind.toLowerCase()),
      );
      found.push(...decoded.value.actions);
    }
  }
  const key = (text: string) => knownPubkey(text);
  t.match(found, [
    { kind: 'removeMember', member: key('ALmozpMUGMwnzXExJoubjbphKXHobQCW9CRkiQMksghz') },
    {
      kind: 'addSpendingLimit',
      createKey: key('3csUnX5cEj3J8XsoFFL5uPCf4XFvRkpnx1VFSmiYJcFu'),
      mint: key('11111111111111111111111111111111'),
      vaultIndex: 0,
      amount: 1_000_000_000n,
      period: 1,
      members: [key('AQ1N4mBsQ53XP8qFLowUEeBf61wj3CZtXh61fdmQ8Sft')],
      destinations: [key('5PcyXtP2gbDMPjMK6kjsuiSX2a5jVf97uy9a176Pz3fT')],
    },
  ]);
});

t.test('proposals and limits that ran on chain', { skip }, async (t) => {
  const agent = knownPubkey('AQ1N4mBsQ53XP8qFLowUEeBf61wj3CZtXh61fdmQ8Sft');
  const multisig = knownPubkey('CdP6KtoQ3t46dJZ4t2FV2ifcFbDLhLSgxJmQyQn7A3T1');
  const limit = knownPubkey('GdsUABXhGUHY3FRqQtpVNMyD85qqEFX4wmSFR8kYPGLL');
  const vault = deriveVault(multisig, 0);
  const context: EffectContext = {
    agent,
    mints: new Map(),
    resolveRecipient: (destination) => destination,
    rentPerByte: 6960n,
    vaults: new Map([[vault, { multisig, index: 0, members: 2, limits: new Map([[limit, null]]) }]]),
  };
  const read = (prefix: string, change: Partial<EffectContext> = {}) => {
    const vector = listVectors().find(({ file }) => file.startsWith(prefix)) as Expected;
    return readEffects([readMessage(vector) as Message], { ...context, ...change });
  };
  const destination = knownPubkey('5PcyXtP2gbDMPjMK6kjsuiSX2a5jVf97uy9a176Pz3fT');
  t.match(read('057'), {
    refusals: [],
    effects: [
      { kind: 'fee' },
      { kind: 'memo', bytes: new TextEncoder().encode('invoice 7') },
      { kind: 'limitUse', asset: 'SOL', amount: 250_000_000n, vault, limit, destination, inward: false },
    ],
  });
  t.match(read('059'), {
    refusals: [],
    effects: [
      { kind: 'fee' },
      {
        kind: 'proposal',
        vault,
        index: 3n,
        approves: true,
        effects: [{ kind: 'transfer', asset: 'SOL', amount: 3_000_000_000n, from: vault, destination }],
      },
      // Both as measured on chain.
      { kind: 'rent', lamports: 2_429_040n },
      { kind: 'rent', lamports: 2_714_400n },
    ],
  });

  const drift = knownPubkey('39JyWrdbVdRqjzw9yyEjxNtTbTKcTPLdtdCgbz7C7Aq8');
  const council = knownPubkey('2LW6PSEjp81xSEttWwXDB6Etb1eKdhYPbFEojYbyhx88');
  const declared = new Map([[deriveVault(council, 0), { multisig: council, index: 0, members: 5, limits: new Map() }]]);
  const codes = (change: Partial<EffectContext>) => {
    const { refusals, effects } = read('042', { agent: drift, ...change });
    return [...refusals.map(({ code }) => code), ...effects.map(({ kind }) => kind)];
  };
  t.same(codes({}), ['vault-undeclared', 'fee', 'nonce'], 'the exploit, the vault not declared');
  t.same(
    codes({ vaults: declared }),
    ['program-unknown', 'fee', 'nonce', 'proposal', 'rent', 'rent'],
    'the vault declared',
  );
});
