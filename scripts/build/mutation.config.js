/**
 * Mutation testing (Stryker), one part of the policy engine at a time: `make mutate`, or `make mutate PARTS=accounting`. Each part is held to
 * its own tests alone, the narrow ones first and the corpus last, which makes it fast and the score honest: nothing is killed by a test that
 * only happens to pass by. Properties run few times. Those on a local chain, those against kit, those of whole documents and the lease games
 * stay out: they would take seconds for each mutant.
 */
const PARTS = {
  decoding: {
    mutate: [
      'policy/bytes.ts',
      'policy/message*.ts',
      'policy/transaction.ts',
      'policy/lookups.ts',
      'policy/instructions.ts',
      'policy/programs/*.ts',
      'policy/effects.ts',
      'policy/effects/*.ts',
    ],
    tests: [
      'policy/bytes',
      'policy/effects',
      'policy/effects-messages',
      'policy/effects-system',
      'policy/effects-token',
      'policy/instruction-forms',
      'policy/message',
      'policy/message-v1',
      'policy/programs',
      'policy/odd-instructions',
      'policy/squads',
      'policy/squads-config',
      'policy/squads-strangers',
      'policy/squads-table',
      'policy/transaction',
      'policy/vectors',
      'policy/vectors-instructions',
      'corpus/engine',
    ],
  },
  accounting: {
    mutate: ['policy/windows.ts', 'policy/ledger*.ts', 'policy/budget.ts', 'policy/lease.ts', 'policy/witness.ts'],
    tests: [
      'policy/windows',
      'policy/lease',
      'policy/budget',
      'policy/ledger',
      'policy/ledger-lines',
      'policy/witness-memory',
      'policy/judge-limits',
      'policy/ledger-state',
      'policy/witness',
    ],
  },
  judgement: {
    mutate: ['policy/judge.ts', 'policy/gather.ts', 'policy/approvals.ts', 'policy/rules/*.ts'],
    tests: [
      'policy/allowances',
      'policy/approvals',
      'policy/judge-approvals',
      'policy/judge-effects',
      'policy/judge-limits',
      'policy/judge-recipients',
      'policy/judge-calls',
      'policy/judge-proposals',
      'policy/judge-time',
      'policy/rules-exact',
      'policy/violations',
      'policy/violations-limits',
      'corpus/engine',
    ],
  },
};

const name = process.env['PART'] ?? 'accounting';
const part = PARTS[name];
if (part === undefined) throw new Error(`PART is one of ${Object.keys(PARTS).join(', ')}, not ${name}`);
const folder = `.reeve/mutation/${name}`;

export default {
  testRunner: 'inside',
  inside: { testFiles: part.tests.map((test) => `test/${test}.test.ts`) },
  plugins: ['./scripts/build/mutation-runner.ts', './scripts/build/mutation-texts.ts'],
  maxTestRunnerReuse: 1_000,
  ignorers: ['texts'],
  mutate: part.mutate,
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // Loops without an end are found by counting: only what waits for ever is left, and a busy machine is no reason to call a mutant killed.
  timeoutMS: 60_000,
  timeoutFactor: 4,
  disableTypeChecks: false,
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `${folder}/report.json` },
  incrementalFile: `${folder}/incremental.json`,
  tempDirName: `${folder}/tmp`,
  ignorePatterns: ['.reeve', '.tap', 'dist', 'reports'],
};
