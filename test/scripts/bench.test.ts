/** How the bench measures and judges; what it measures is for `make bench`. */
import t from 'tap';
import { bench, formatReport, ROUNDS } from '../../scripts/bench/measure.ts';
import { judgeCase, messageOf, paySol, payToken, policyOf } from '../../scripts/bench/policy-cases.ts';

t.test('cases take turns, figures are medians, goals are ratios of them', async (t) => {
  const turns: string[] = [];
  const spin = (name: string, loops: number) => () => {
    if (turns.at(-1) !== name) turns.push(name);
    let sum = 0;
    for (let index = 0; index < loops; index += 1) sum += Math.sqrt(index);
    return sum;
  };
  const goal = (of: string, over: string, most: number) => ({ text: `${of} over ${over}`, of, over, most });
  const cases = [
    { name: 'short', run: spin('short', 1_000) },
    { name: 'long', run: spin('long', 20_000) },
  ];
  const report = bench(cases, [goal('long', 'short', 2), goal('short', 'long', 1)], { roundMs: 4, warmMs: 4 });
  t.equal(turns.length, 2 * (ROUNDS + 1), 'one turn each a round, and one before');
  for (const { fastest, median, slowest } of report.figures) t.ok(fastest <= median && median <= slowest);
  t.strictSame(
    report.goals.map(({ met }) => met),
    [false, true],
  );
  const text = formatReport(report);
  t.match(text, /✗ long over short: [\d.]+, at most 2/);
  t.match(text, /✓ short over long: 0\.\d+, at most 1/);
  t.throws(() => bench(cases, [goal('nobody', 'short', 1)], { roundMs: 1, warmMs: 1 }), /no case nobody/);
});

t.test('what is measured is allowed, and whatever is not throws before it is measured', async (t) => {
  t.type(judgeCase(policyOf(10, 8), messageOf([paySol(0), await payToken(9)])), 'function');
  t.throws(() => judgeCase(policyOf(10, 8), messageOf([paySol(10)])), /nobody listed/);
});
