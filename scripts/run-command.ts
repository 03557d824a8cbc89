import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url));

export interface CommandOutcome {
  /** Null when it was ended by a signal, or could not be started. */
  readonly code: number | null;
  readonly output: string;
  readonly ms: number;
}

/** The end of a long output says what went wrong. */
const keptCharacters = 200_000;

/** Runs a development tool in the repository, with what npm installed first on its path. */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: {
    readonly timeoutMs: number;
    /** `show`: the output goes to this terminal as it comes, and is not kept. */
    readonly output: 'keep' | 'show';
    readonly environment?: NodeJS.ProcessEnv;
  },
): Promise<CommandOutcome> {
  const began = performance.now();
  const child = spawn(argv[0], argv.slice(1), {
    cwd: repository,
    env: {
      ...process.env,
      PATH: `${repository}node_modules/.bin:${process.env['PATH'] ?? ''}`,
      ...options.environment,
    },
    stdio: options.output === 'show' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
  });
  // A signal from the terminal reaches the child as well; one that is sent to this process alone does not.
  const pass = (name: NodeJS.Signals) => child.kill(name);
  process.once('SIGTERM', pass);
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-keptCharacters);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = Promise.withResolvers<number | null>();
  child.once('error', (cause) => {
    output += `${argv[0]}: ${cause.message}`;
    ended.resolve(null);
  });
  child.once('close', (code, signal) => {
    if (signal !== null) output += `\n${argv[0]} was ended by ${signal}`;
    ended.resolve(code);
  });
  const code = await ended.promise;
  process.off('SIGTERM', pass);
  return { code, output, ms: performance.now() - began };
}
