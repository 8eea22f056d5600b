/** The programs the README shows, as files a test can run: what a reader copies is what is tested. */

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, ROOT } from './support.ts';

export type ExampleName = keyof typeof MARKS;

/** What tells a block of the README apart: its language and a word only it has. */
const MARKS = {
  'pay.py': { language: 'python', word: '/v1/transfer' },
  'pay.ts': { language: 'ts', word: 'getTransferSolInstruction' },
  'x402.ts': { language: 'ts', word: 'payExact' },
} as const;

/** The one fenced block of the README that is this example, or the file in `examples/` where the README has no room for it. */
export function readExample(name: ExampleName): string {
  const { language, word } = MARKS[name];
  const blocks = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  const found = blocks
    .filter(([, fence, text]) => fence === language && text?.includes(word))
    .map(([, , text]) => text);
  if (found.length === 1) return found[0] as string;
  const file = join(import.meta.dirname, 'examples', name);
  if (found.length === 0 && existsSync(file)) return readFileSync(file, 'utf8');
  throw new Error(`README.md has ${found.length} blocks of ${language} with ${word}`);
}

/** Writes the example into a folder where it finds the packages a reader would have installed. */
export function writeExample(test: Parameters<typeof makeFolder>[0], name: ExampleName): string {
  const folder = makeFolder(test);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'reeve'), { recursive: true });
  for (const scope of ['@solana', '@solana-program'])
    symlinkSync(join(ROOT, 'node_modules', scope), join(modules, scope));
  symlinkSync(join(ROOT, 'host-proxy', 'client.ts'), join(modules, 'reeve', 'client.ts'));
  const manifest = { name: 'reeve', type: 'module', exports: { './client': './client.ts' } };
  writeFileSync(join(modules, 'reeve', 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const file = join(folder, name);
  writeFileSync(file, readExample(name));
  return file;
}

/** The example as a module of this process. */
export function importExample(test: Parameters<typeof makeFolder>[0], name: ExampleName): Promise<unknown> {
  return import(writeExample(test, name));
}
