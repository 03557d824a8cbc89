import { WrennError } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const signal = new AbortController().signal;
const options = { signal, timeoutMs: 20_000 };

async function fault(attempt: Promise<unknown>): Promise<WrennError> {
  const outcome = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(outcome instanceof WrennError)) throw new Error('expected a WrennError', { cause: outcome });
  return outcome;
}

describe('run', () => {
  it('gives back what the program printed', async () => {
    const result = await run(['sh', '-c', 'echo out; echo err >&2'], options);
    expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  });

  it('passes data as data: no shell looks at an argument', async () => {
    const { stdout } = await run(['printf', '%s', '$(id); `id`'], options);
    expect(stdout).toBe('$(id); `id`');
  });

  it('feeds standard input and closes it', async () => {
    const input = 'x'.repeat(1_000_000);
    const { stdout } = await run(['wc', '-c'], { ...options, input });
    expect(stdout.trim()).toBe('1000000');
  });

  it('takes no offence when the program does not read its input', async () => {
    await run(['true'], { ...options, input: 'x'.repeat(1_000_000) });
  });

  it('says program, exit code and the end of standard error', async () => {
    const error = await fault(run(['sh', '-c', 'echo the cause >&2; exit 3'], options));
    expect(error.code).toBe('agent_error');
    expect(error.message).toBe('sh exited with 3: the cause');
  });

  it('names the remedy for a program that is missing', async () => {
    const error = await fault(run(['wrenn-no-such-program'], options));
    expect(error).toMatchObject({ code: 'missing_prerequisite', remedy: 'install wrenn-no-such-program' });
  });

  it('ends the program and what it started when the time is over', async () => {
    const error = await fault(run(['sh', '-c', 'sleep 60 & sleep 60'], { signal, timeoutMs: 50 }));
    // The pipes of both sleeps were closed by now: that is when run() settles.
    expect(error.code).toBe('deadline_exceeded');
  });

  it('kills what does not listen to SIGTERM', { timeout: 20_000 }, async () => {
    const script = 'trap "" TERM; while :; do sleep 1; done';
    const error = await fault(run(['sh', '-c', script], { signal, timeoutMs: 50 }));
    expect(error.code).toBe('deadline_exceeded');
  });

  it("throws the signal's reason when it is aborted", async () => {
    const controller = new AbortController();
    const running = run(['sleep', '60'], { signal: controller.signal, timeoutMs: 20_000 });
    controller.abort(new WrennError('cancelled', 'enough'));
    expect((await fault(running)).message).toBe('enough');
  });

  it('ends a program that prints without bound', async () => {
    const error = await fault(run(['yes'], options));
    expect(error.message).toBe('yes printed more than 16 MiB');
  });
});
