/** Every row of the corpus, through the engine, through the command line and through the enclave's gates. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { Ajv } from 'ajv';
import type { Test } from 'tap';
import t from 'tap';
import type { Enclave } from '../../enclave/enclave.ts';
import { defineKeywords } from '../../enclave/link/keywords.ts';
import { AGENT_METHODS } from '../../enclave/link/schema/agent.ts';
import { createSigningKey } from '../../enclave/signing-key.ts';
import { createPool, openChain } from '../../enclave/wallet/chain.ts';
import { evaluate } from '../../enclave/wallet/sign.ts';
import { createWallet } from '../../enclave/wallet/state.ts';
import { callable } from '../../policy/callable.ts';
import { knownPubkey, pubkeyToBytes } from '../../policy/keys.ts';
import { exportLedger } from '../../policy/ledger-state.ts';
import { run } from '../../scripts/policy/evaluate.ts';
import type { Row } from './generate.ts';
import { formatCorpus, formatWalks, WALKS_FILE } from './generate.ts';
import { ampleLease, ledgerOf, momentOf } from './judge-row.ts';
import { AGENT_SEED } from './world.ts';
import { documents, expectedOf, policyOf, rows, text } from './written.ts';

const wireOf = ({ bytes }: Row) => Uint8Array.fromBase64(bytes);

/** Fails with the rows that differ, and passes as one check: hundreds of single ones would hide them. */
function agree(t: Pick<Test, 'same' | 'equal'>, verdicts: readonly (readonly [Row, string])[]): void {
  const wrong = verdicts.filter(([row, verdict]) => verdict !== expectedOf(row));
  t.same(
    wrong.map(([row, verdict]) => ({ name: row.name, expected: expectedOf(row), verdict })),
    [],
  );
  t.equal(verdicts.length, rows.length);
}

t.test('the written files are those of the rows', async (t) => {
  t.equal(text, formatCorpus());
  t.equal(readFileSync(WALKS_FILE, 'utf8'), formatWalks());
  t.ok(rows.length >= 250);
  t.equal(new Set(rows.map(({ name }) => name)).size, rows.length, 'no name twice');
});

t.test('every instruction a policy can name is in it, allowed and refused', async (t) => {
  for (const [program, names] of Object.entries(callable)) {
    for (const name of names) {
      const some = rows.filter((row) => row.name.startsWith(`${program}.${name}: `));
      t.ok(
        some.some(({ decision }) => decision === 'deny'),
        `${program}.${name} refused`,
      );
      if (NEVER_ALLOWED.has(`${program}.${name}`)) continue;
      t.ok(
        some.some(({ decision }) => decision === 'allow'),
        `${program}.${name} allowed`,
      );
    }
  }
  for (const policy of ['payments', 'trader', 'treasury'])
    t.ok(rows.filter(({ name }) => name.startsWith(`walk ${policy}: `)).length >= 10, policy);
});

/** Refused in these rows whoever asks: a stake account is as good as the rights it is made with, and only a pinned nonce may be advanced. */
const NEVER_ALLOWED: ReadonlySet<string> = new Set([
  'stake.initialize',
  'stake.initializeChecked',
  'stake.deactivateDelinquent',
  'system.advanceNonceAccount',
]);

t.test('`reeve policy evaluate` says the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-corpus-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, document] of Object.entries(documents)) {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(document, null, 1));
  }
  const verdicts: [Row, string][] = [];
  for (const row of rows) verdicts.push([row, await evaluateRow(folder, row)]);
  agree(t, verdicts);
});

async function evaluateRow(folder: string, row: Row): Promise<string> {
  const policy = join(folder, `${row.policy}.json`);
  const argv = ['--json', '--policy', policy, '--transaction', '-', '--agent', row.agent, '--at', row.at];
  for (const owner of row.owners) argv.push('--owner', owner);
  if (row.spent.length > 0) {
    const state = exportLedger(ledgerOf(policyOf(row), row.spent));
    const ledger = join(folder, 'ledger.json');
    writeFileSync(
      ledger,
      JSON.stringify(state, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    );
    argv.push('--ledger', ledger);
  }
  const chunks: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  const code = await run(argv, { stdout: sink, stderr: sink, stdin: Readable.from([row.bytes]), env: {} });
  const { decision, violations } = JSON.parse(chunks.join('')) as { decision: string; violations: { code: string }[] };
  if ((code === 0) !== (decision === 'allow')) return `exit ${code} with ${decision}`;
  return [decision, ...violations.map(({ code }) => code)].join(' ');
}

t.test('the enclave’s gates say the same, in answers that fit the wire', async (t) => {
  const ajv = new Ajv({ strict: true, ownProperties: true });
  defineKeywords(ajv);
  const fits = ajv.compile(AGENT_METHODS.evaluate.result);
  agree(
    t,
    rows.map((row) => {
      const { result } = evaluate(enclaveOf(row), {
        wallet: 'w',
        stored: 0,
        transactions: [wireOf(row)],
        owners: row.owners.map((owner) => pubkeyToBytes(knownPubkey(owner))),
      });
      if (!fits(result)) return [row, `does not fit: ${JSON.stringify(fits.errors)}`];
      return [row, [result.decision, ...result.violations.map(({ code }) => code)].join(' ')];
    }),
  );
});

/** As much of an enclave as a dry run looks at: one active wallet with an ample lease, at the row's time. */
function enclaveOf(row: Row): Enclave {
  const policy = policyOf(row);
  const agent = createSigningKey(AGENT_SEED.slice());
  const none = new Uint8Array(32);
  const chain = openChain('w', none, agent, createPool(), { seq: 0, hash: none });
  const ledger = ledgerOf(policy, row.spent);
  const origin = { name: 'w', owner: none, kmsKeyArn: '', agent, chain, policy, policyVersion: 1, ledger };
  const wallet = { ...createWallet(origin), phase: 'active', lease: ampleLease(policy) };
  const now = () => momentOf(row.at);
  return { wallets: { find: () => wallet }, clock: { now } } as unknown as Enclave;
}
