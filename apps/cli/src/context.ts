import type { WriteStream } from 'node:tty';
import type { Colors } from './output/colors.ts';

/** What commands know of the outside world; `main.ts` makes the real one. */
export interface CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin: typeof process.stdin;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  /** For standard output. */
  readonly colors: Colors;
  /** What the process exits with, once the command has returned. */
  exit(code: number): void;
}

/** Prints one line on standard output. */
export function printLine({ stdout }: CommandContext, line: string): void {
  stdout.write(`${line}\n`);
}

/** Data for programs: one JSON value on a line. */
export function printJson(context: CommandContext, value: unknown): void {
  printLine(context, JSON.stringify(value));
}

/** For people, beside the data: on standard error. */
export function say({ stderr }: CommandContext, line: string): void {
  stderr.write(`wrenn: ${line}\n`);
}
