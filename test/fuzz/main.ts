/**
 * `make fuzz`: every target in a process of its own, two at a time. Exit 1 with the input if anything is found.
 * `node test/fuzz/main.ts [TARGET] [INPUTS] [SEED]` runs one.
 */
import { spawn } from 'node:child_process';
import process, { argv, execPath, exit, stdout } from 'node:process';
import type { Report } from './harness.ts';
import { fuzz, INPUT_MS, MEMORY_BYTES } from './harness.ts';
import { targets } from './targets/index.ts';

const SEED = 20_261_120;
const PROCESSES = 2;
/** Seconds between two progress lines of one target. */
const PROGRESS_S = 10;
const [name, inputs, seed] = argv.slice(2);

if (name === undefined) exit(await runAll());
exit(runOne(name, inputs, Number(seed ?? SEED)));

async function runAll(): Promise<number> {
  const start = Date.now();
  const queue = targets.map((target) => target.name);
  const failed: string[] = [];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if ((await runChild(next)) !== 0) failed.push(next);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, work));
  const total = targets.reduce((sum, target) => sum + target.inputs, 0);
  const seconds = Math.round((Date.now() - start) / 1_000);
  stdout.write(`${total.toLocaleString('en')} inputs of ${targets.length} targets in ${seconds} s: `);
  stdout.write(failed.length === 0 ? 'nothing found\n' : `findings in ${failed.join(', ')}\n`);
  return failed.length === 0 ? 0 : 1;
}

function runChild(target: string): Promise<number> {
  const child = spawn(execPath, [import.meta.filename, target], { stdio: 'inherit' });
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}

function runOne(wanted: string, count: string | undefined, from: number): number {
  const target = targets.find((each) => each.name === wanted);
  if (target === undefined) {
    stdout.write(`no target ${wanted}; there are ${targets.map((each) => each.name).join(', ')}\n`);
    return 2;
  }
  const total = Number(count ?? target.inputs);
  let shown = Date.now();
  const parent = process.ppid;
  const onProgress = (done: number) => {
    // Nobody waits for the answer any more.
    if (process.ppid !== parent) exit(1);
    if (Date.now() - shown < PROGRESS_S * 1_000) return;
    shown = Date.now();
    stdout.write(`${wanted.padEnd(12)} ${done.toLocaleString('en')} of ${total.toLocaleString('en')}\n`);
  };
  const report = fuzz(target, { inputs: total, seed: from, onProgress });
  stdout.write(describe(wanted, report));
  return report.findings.length === 0 ? 0 : 1;
}

function describe(target: string, { inputs: done, accepted, codes, slowestMs, keptBytes, findings }: Report): string {
  const figures = `${done.toLocaleString('en')} inputs, ${accepted.toLocaleString('en')} accepted, ${codes.size} answers`;
  const bounds = `slowest ${slowestMs.toFixed(1)} of ${INPUT_MS} ms, ${(keptBytes / 2 ** 20).toFixed(1)} of ${MEMORY_BYTES >> 20} MiB kept`;
  const lines = findings.map(
    ({ kind, detail, input }) => `  ${kind}: ${detail}\n  input, base64: ${input.toBase64()}\n`,
  );
  return `${target.padEnd(12)} ${figures}, ${bounds}\n${lines.join('')}`;
}
