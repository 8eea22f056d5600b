/** Bundles a program of this project into one file: the same bytes from the same sources, wherever they lie. */

import { join } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';
import { build } from 'esbuild';
import { generateLinkValidators, generatePolicyValidator } from './validators.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What the AWS client would search for credentials in files, metadata services and child processes. The enclave is handed its credentials. */
const NO_PROVIDER_CHAIN = 'export function defaultProvider() { throw new Error("credentials are always given"); }';

/** Schemas are only keys once their validators are compiled ahead; nothing of them is looked at in a bundle. */
const NO_SCHEMAS = 'export const Type = new Proxy({}, { get: () => () => ({}) });';

/** cbor-x speeds itself up with an addon where it finds one; it takes a failure to load as "there is none". */
const NO_NATIVE_CODE = 'throw new Error("no native code in a bundle");';

/** An ES import of this module asks for each of its exports, one of which loads a whole HTTP client: 30 ms and 10 MB of every start. */
const HTTP_WITHOUT_CLIENT = "module.exports = process.getBuiltinModule('node:http');";

const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

export interface Bundle {
  readonly bytes: Uint8Array;
  /** Packages with code inside the bundle, sorted. */
  readonly packages: readonly string[];
}

/** Bundles `entry` (relative to the project) for the pinned Node. `minify` stays off: a reviewer can read what is measured. */
export async function bundleProgram(entry: string, options: { schemasAhead: boolean }): Promise<Bundle> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    // Paths as they stand in the checkout, also where node_modules is a link.
    preserveSymlinks: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    // ES modules where a package has both forms: of those only what is used comes in.
    mainFields: ['module', 'main'],
    write: false,
    metafile: true,
    legalComments: 'none',
    outfile: 'bundle.mjs',
    banner: { js: REQUIRE_BANNER },
    logLevel: 'warning',
    plugins: [replaceModules(options.schemasAhead ? aheadModules() : commonModules())],
  });
  const output = result.outputFiles[0];
  if (output === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return { bytes: output.contents, packages: listPackages(result.metafile) };
}

type Replacements = readonly { readonly filter: RegExp; readonly code: string }[];

function commonModules(): Replacements {
  return [
    { filter: /^@aws-sdk\/credential-provider-node$/, code: NO_PROVIDER_CHAIN },
    { filter: /^cbor-extract$/, code: NO_NATIVE_CODE },
    { filter: /^(node:)?http$/, code: HTTP_WITHOUT_CLIENT },
  ];
}

function aheadModules(): Replacements {
  return [
    ...commonModules(),
    { filter: /^typebox$/, code: NO_SCHEMAS },
    { filter: /\/validators\.ts$/, code: generateLinkValidators() },
    { filter: /\/validate\.ts$/, code: generatePolicyValidator() },
  ];
}

function replaceModules(replacements: Replacements): Plugin {
  return {
    name: 'replace-modules',
    setup(builder) {
      replacements.forEach(({ filter, code }, index) => {
        builder.onResolve({ filter }, () => ({ path: String(index), namespace: 'replaced' }));
        builder.onLoad({ filter: new RegExp(`^${index}$`), namespace: 'replaced' }, () => ({
          contents: code,
          loader: 'js',
          resolveDir: ROOT,
        }));
      });
    },
  };
}

function listPackages(metafile: Metafile): string[] {
  const packages = new Set<string>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1];
      if (name !== undefined && bytesInOutput > 0) packages.add(name);
    }
  }
  return [...packages].sort();
}
