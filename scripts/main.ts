/** The `reeve` command. */

import { runCommand } from './commands.ts';

const { stdout, stderr, stdin, env } = process;
process.exitCode = await runCommand(process.argv.slice(2), { stdout, stderr, stdin, env });
