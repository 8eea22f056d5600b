/** The host proxy as a process: what the bundle starts. */

import { run } from './main.ts';

process.exitCode = await run(process.argv.slice(2), process);
