import { type Command, InvalidArgumentError } from 'commander';

/** A whole number of at least `least`, for commander. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
  };
}

/** A port, for commander. */
export function portNumber(text: string): number {
  const port = Number(text);
  if (/^[1-9]\d{0,4}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a port between 1 and 65535.');
}

/** `NAME=VALUE`, which may be given several times. */
export function environmentVariable(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be NAME=VALUE.');
  return { ...previous, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** What a new capsule is like. */
export interface ShapeFlags {
  readonly template?: string;
  readonly vcpus?: number;
  readonly memory?: number;
}

export function addShapeOptions(command: Command): Command {
  return command
    .option('-t, --template <name>', 'template to start from (default: minimal)')
    .option('--vcpus <count>', 'virtual processors (default: 1)', wholeNumber(1))
    .option('--memory <MiB>', 'memory (default: 512)', wholeNumber(1));
}

/** The fields of the request; what was not given is the server's to choose. */
export function shapeOf({ template, vcpus, memory }: ShapeFlags) {
  return {
    ...(template === undefined ? {} : { template }),
    ...(vcpus === undefined ? {} : { vcpus }),
    ...(memory === undefined ? {} : { memoryMb: memory }),
  };
}

/** How long a capsule may be left alone. */
export interface TimeoutFlags {
  readonly timeout?: number;
}

export function addTimeoutOption(command: Command, otherwise: string): Command {
  return command.option(
    '--timeout <seconds>',
    `pause it after this long without activity; 0 is never (default: ${otherwise})`,
    wholeNumber(0),
  );
}

export function timeoutOf({ timeout }: TimeoutFlags) {
  return timeout === undefined ? {} : { timeoutSec: timeout };
}

/** How a command in a capsule is run. */
export interface ExecFlags {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: string;
  readonly timeout?: number;
  readonly stdin: boolean;
}

export function addExecOptions(command: Command): Command {
  return command
    .option('-e, --env <NAME=VALUE>', 'environment variable; may be repeated', environmentVariable)
    .option('--cwd <directory>', "working directory (default: the user's home)")
    .option('-u, --user <name>', "user in the capsule (default: the template's)")
    .option('--timeout <seconds>', 'kill the command after this long (default: never)', wholeNumber(1))
    .option('--no-stdin', 'do not read standard input');
}

/** The fields of the request that come from the flags. `--timeout` is absent: no limit, which only streams may have. */
export function execOf([cmd = '', ...args]: readonly string[], flags: ExecFlags) {
  return {
    cmd,
    args,
    ...(flags.cwd === undefined ? {} : { cwd: flags.cwd }),
    ...(flags.env === undefined ? {} : { envs: flags.env }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
    timeoutSec: flags.timeout ?? 0,
  };
}
