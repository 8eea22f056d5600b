/**
 * Loads test files anew for each mutant in one process. The modules they test, which hold no state, are shared from mutant to mutant until a
 * caller asks for new ones; packages are loaded once.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Marks a url: `?mutant=GRAPH` a shared module, `?mutant=GRAPH.RUN` a test file. */
const MARK = '?mutant=';
const TAP = new URL('./mutation-tap.ts', import.meta.url).href;
const CURVE = new URL('./mutation-curve.ts', import.meta.url).href;

const stripped = new Map<string, string>();
let graph = 0;
let run = 0;

/** From the next test file on, every module of the project is loaded anew. */
export function renewModules(): void {
  graph += 1;
}

/** A url at which a test file is loaded anew. */
export function urlOfTest(file: string): string {
  run += 1;
  return `${pathToFileURL(file).href}${MARK}${graph}.${run}`;
}

/** From now on, what a marked module imports of the project is marked too, and some packages have stand-ins. */
export function installHooks(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const mark = markOf(context.parentURL);
      if (mark === null) return next(specifier, context);
      if (specifier === 'tap') return { url: TAP, shortCircuit: true };
      const derives = specifier === '@noble/ed25519' && context.parentURL?.includes(`/policy/keys.ts${MARK}`);
      if (derives) return { url: CURVE, shortCircuit: true };
      const resolved = next(specifier, context);
      return isOwn(resolved.url) ? { ...resolved, url: `${resolved.url}${MARK}${mark.split('.')[0]}` } : resolved;
    },
    load(url, context, next) {
      if (markOf(url) === null) return next(url, context);
      return { format: 'module', source: readStripped(url), shortCircuit: true };
    },
  });
}

function markOf(url = ''): string | null {
  const at = url.indexOf(MARK);
  return at < 0 ? null : url.slice(at + MARK.length);
}

function isOwn(url: string): boolean {
  return url.startsWith('file:') && url.endsWith('.ts') && !url.includes('/node_modules/');
}

function readStripped(url: string): string {
  const path = fileURLToPath(url.slice(0, url.indexOf(MARK)));
  const known = stripped.get(path);
  if (known !== undefined) return known;
  const source = stripTypeScriptTypes(readFileSync(path, 'utf8'));
  stripped.set(path, source);
  return source;
}
