import { type ExecStreamRequest, Outcome } from '@wrenn/protocol/hostagent';

type Event =
  | { readonly kind: 'stdout' | 'stderr'; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end'; readonly exitCode: number; readonly outcome: Outcome };

type Request = Pick<ExecStreamRequest, 'cmd' | 'args' | 'stdin' | 'envs' | 'timeoutSec'>;

const chunkBytes = 64 * 1024;
const tickMs = 50;

/**
 * The programs that a fake capsule knows: `true`, `false`, `echo`, `cat`, `env`, `warn` (echo to standard error),
 * `bytes` (prints its arguments as byte values), `zeros N`, `hang` (until its time is up), `crash` (killed by
 * signal 9), `vanish` (the stream breaks), `sleep N`, `listen PORT...` (until it is ended), `lines N` (numbered),
 * `ticks N` (the same, one every 50 ms). Every other name is not found.
 */
export async function* runFakeCommand(request: Request, signal: AbortSignal): AsyncGenerator<Event, void> {
  const { cmd, args } = request;
  const utf8 = (text: string) => new TextEncoder().encode(text);
  switch (cmd) {
    case 'true':
      break;
    case 'false':
      yield { kind: 'end', exitCode: 1, outcome: Outcome.EXITED };
      return;
    case 'echo':
      yield { kind: 'stdout', data: utf8(`${args.join(' ')}\n`) };
      break;
    case 'warn':
      yield { kind: 'stderr', data: utf8(`${args.join(' ')}\n`) };
      break;
    case 'cat':
      yield { kind: 'stdout', data: new Uint8Array(request.stdin) };
      break;
    case 'env':
      yield {
        kind: 'stdout',
        data: utf8(
          Object.entries(request.envs)
            .map(([name, value]) => `${name}=${value}\n`)
            .join(''),
        ),
      };
      break;
    case 'bytes':
      yield { kind: 'stdout', data: Uint8Array.from(args.map(Number)) };
      break;
    case 'zeros':
      for (let left = Number(args[0]); left > 0; left -= chunkBytes) {
        signal.throwIfAborted();
        yield { kind: 'stdout', data: new Uint8Array(Math.min(left, chunkBytes)) };
      }
      break;
    case 'hang':
      yield { kind: 'stdout', data: utf8('before\n') };
      await elapsed(request.timeoutSec * 1000, signal);
      yield { kind: 'end', exitCode: 137, outcome: Outcome.TIMED_OUT };
      return;
    case 'lines':
      yield { kind: 'stdout', data: utf8(numbered(1, Number(args[0]))) };
      break;
    case 'ticks':
      for (let tick = 1; tick <= Number(args[0]); tick += 1) {
        yield { kind: 'stdout', data: utf8(numbered(tick, tick)) };
        await elapsed(tickMs, signal);
      }
      break;
    case 'sleep':
      await elapsed(Math.max(1, Number(args[0]) * 1000), signal);
      break;
    case 'listen':
      await elapsed(0, signal);
      break;
    case 'crash':
      yield { kind: 'end', exitCode: 137, outcome: Outcome.KILLED };
      return;
    case 'vanish':
      yield { kind: 'stdout', data: utf8('half') };
      throw new Error('the fake guest is gone');
    default:
      yield { kind: 'stderr', data: utf8(`${cmd}: not found\n`) };
      yield { kind: 'end', exitCode: 127, outcome: Outcome.EXITED };
      return;
  }
  yield { kind: 'end', exitCode: 0, outcome: Outcome.EXITED };
}

function numbered(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) => `line ${first + index}\n`).join('');
}

/** 0 is for ever: until the caller goes. */
async function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = ms === 0 ? undefined : setTimeout(over.resolve, ms);
  const stop = () => over.resolve();
  signal.addEventListener('abort', stop, { once: true });
  await over.promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
}
