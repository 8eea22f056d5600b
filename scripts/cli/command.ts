/** One way to define a command: its options, its help, its output for people and for machines, its exit code. */

import { parseArgs } from 'node:util';
import { printFailure, usageError } from './failures.ts';
import type { Io, Run } from './io.ts';
import { EXIT } from './io.ts';
import { formatJson, formatTable } from './text.ts';

export interface OptionSpec {
  /** What stands for the value in the help; absent: a switch. */
  readonly value?: string;
  readonly text: string;
  readonly multiple?: boolean;
}

export interface CommandSpec {
  /** `reeve owner pause WALLET`. */
  readonly usage: string;
  readonly summary: string;
  /** How many words besides options: exactly so many, or from-to. */
  readonly words: number | readonly [number, number];
  readonly options: Readonly<Record<string, OptionSpec>>;
}

export interface Context {
  readonly io: Io;
  readonly json: boolean;
  /** No question is asked. */
  readonly yes: boolean;
  readonly words: readonly string[];
  /** The value of an option, undefined when not given. */
  option(name: string): string | undefined;
  options(name: string): readonly string[];
  flag(name: string): boolean;
  /** A line for people, on stderr where stdout carries JSON. */
  say(line: string): void;
  /** The result: one JSON line, or lines for people. */
  report(value: unknown, lines: readonly string[]): void;
}

export interface Command {
  readonly spec: CommandSpec;
  readonly run: Run;
}

const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { text: 'one JSON line on stdout' },
  yes: { text: 'do not ask' },
  help: { text: 'this text' },
};

/** A command from its spec and what it does. Whatever `action` throws becomes one printed failure and exit code 1 (wrong use: 2). */
export function defineCommand(spec: CommandSpec, action: (context: Context) => Promise<number>): Command {
  return { spec, run: (argv, io) => runCommand(spec, action, argv, io) };
}

async function runCommand(
  spec: CommandSpec,
  action: (context: Context) => Promise<number>,
  argv: readonly string[],
  io: Io,
): Promise<number> {
  const json = argv.includes('--json');
  try {
    const context = readContext(spec, argv, io);
    if (!context.flag('help')) return await action(context);
    io.stdout.write(describeCommand(spec));
    return EXIT.done;
  } catch (error) {
    const code = printFailure(io, json, error);
    if (code === EXIT.usage) io.stderr.write(`  usage: ${spec.usage}\n`);
    return code;
  }
}

function readContext(spec: CommandSpec, argv: readonly string[], io: Io): Context {
  const { values, positionals } = parse(spec, argv);
  const [least, most] = typeof spec.words === 'number' ? [spec.words, spec.words] : spec.words;
  if (values['help'] !== true && (positionals.length < least || positionals.length > most))
    throw usageError(`${positionals.length} words given, ${least === most ? least : `${least} to ${most}`} wanted`);
  const json = values['json'] === true;
  const say = (line: string) => void (json ? io.stderr : io.stdout).write(`${line}\n`);
  return {
    io,
    json,
    yes: values['yes'] === true,
    words: positionals,
    option: (name) => readText(values[name]),
    options: (name) => (Array.isArray(values[name]) ? values[name].map(String) : []),
    flag: (name) => values[name] === true,
    say,
    report(value, lines) {
      if (json) io.stdout.write(`${formatJson(value)}\n`);
      else for (const line of lines) say(line);
    },
  };
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parse(spec: CommandSpec, argv: readonly string[]) {
  const options: Record<string, { type: 'string' | 'boolean'; multiple: boolean }> = {};
  for (const [name, option] of Object.entries({ ...spec.options, ...COMMON_OPTIONS })) {
    options[name] = { type: option.value === undefined ? 'boolean' : 'string', multiple: option.multiple ?? false };
  }
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

/** The help text of a command. */
export function describeCommand(spec: CommandSpec): string {
  const rows = Object.entries({ ...spec.options, ...COMMON_OPTIONS }).map(([name, option]) => [
    `  --${name}${option.value === undefined ? '' : ` ${option.value}`}`,
    option.text,
  ]);
  return `${spec.usage}\n\n${spec.summary}\n\n${formatTable(rows).join('\n')}\n`;
}

/** A command made of commands: `reeve owner` of `create`, `pause` and so on. */
export function defineGroup(name: string, summary: string, commands: Readonly<Record<string, Command>>): Run {
  return async (argv, io) => {
    const [word, ...rest] = argv;
    const command = word !== undefined && Object.hasOwn(commands, word) ? commands[word] : undefined;
    if (command !== undefined) return command.run(rest, io);
    const rows = Object.entries(commands).map(([key, { spec }]) => [`  ${key}`, spec.summary]);
    const help = `${name} COMMAND\n\n${summary}\n\n${formatTable(rows).join('\n')}\n`;
    const asked = word === '--help' || word === 'help';
    (asked ? io.stdout : io.stderr).write(help);
    return asked ? EXIT.done : EXIT.usage;
  };
}
