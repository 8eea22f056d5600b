/**
 * Mutation testing (Stryker), one part of the policy engine at a time: `make mutate`, or `make mutate PARTS=accounting`. Each part is held to
 * its own tests alone, which makes it fast and the score honest: nothing is killed by a test that only happens to pass by. Properties run few
 * times. Those on a local chain, those against kit and those of whole documents stay out: they would take seconds for each mutant.
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
      'bytes',
      'effects',
      'effects-messages',
      'effects-system',
      'effects-token',
      'instruction-forms',
      'message',
      'message-v1',
      'programs',
      'squads',
      'transaction',
      'vectors',
      'vectors-instructions',
    ],
  },
  accounting: {
    mutate: ['policy/windows.ts', 'policy/ledger*.ts', 'policy/budget.ts', 'policy/lease.ts', 'policy/witness.ts'],
    tests: [
      'windows',
      'lease',
      'budget',
      'ledger',
      'ledger-lines',
      'witness-memory',
      'judge-limits',
      'ledger-state',
      'witness',
      'lease-game',
    ],
  },
  judgement: {
    mutate: ['policy/judge.ts', 'policy/gather.ts', 'policy/approvals.ts', 'policy/rules/*.ts'],
    tests: [
      'allowances',
      'approvals',
      'judge-approvals',
      'judge-effects',
      'judge-limits',
      'judge-recipients',
      'judge-time',
    ],
  },
};

const name = process.env['PART'] ?? 'accounting';
const part = PARTS[name];
if (part === undefined) throw new Error(`PART is one of ${Object.keys(PARTS).join(', ')}, not ${name}`);
const folder = `.reeve/mutation/${name}`;

export default {
  testRunner: 'inside',
  inside: { testFiles: part.tests.map((test) => `test/policy/${test}.test.ts`) },
  plugins: ['./scripts/build/mutation-runner.ts', './scripts/build/mutation-texts.ts'],
  maxTestRunnerReuse: 1_000,
  ignorers: ['texts'],
  mutate: part.mutate,
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 10_000,
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
