/** Every target on a small share of what `make fuzz` gives it: the same seeds, the same inputs. */
import t from 'tap';
import { fuzz } from './harness.ts';
import { targets } from './targets/index.ts';

/** What runs in a test for each of the full run's inputs: costly targets get fewer. */
const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const SEED = 7;

for (const target of targets) {
  t.test(`${target.name}: no crash, no hang, no growth, nothing read otherwise than written`, async (t) => {
    const report = fuzz(target, { inputs: Math.ceil(target.inputs * scale), seed: SEED });
    const findings = report.findings.map(({ input, ...rest }) => ({ ...rest, input: input.toBase64() }));
    t.strictSame(findings, []);
    t.ok(report.accepted > target.seeds.length / 2, `${report.accepted} of ${report.inputs} were accepted`);
    t.ok(report.codes.size > 3, `${report.codes.size} different answers`);
  });
}
