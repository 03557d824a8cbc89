import { readdirSync, readFileSync } from 'node:fs';
import { systemCode } from '@wrenn/core';

const tickMs = 10;

/**
 * Aborts after `ms` in which nothing was waited for but each other by this process and `pid`, the monitor of a guest.
 * Time in which one of them had work to do and no processor to do it on is not counted, nor time in which the whole
 * machine stands still. For promises of how soon something happens.
 */
export function awakeLimit(ms: number, doing: string, pid: number): AbortSignal & Disposable {
  const controller = new AbortController();
  const waitedMs = () => waitedForProcessorMs(pid) + waitedForProcessorMs(process.pid);
  let awakeMs = 0;
  let last = { atMs: performance.now(), waitedMs: waitedMs() };
  const timer = setInterval(() => {
    const now = { atMs: performance.now(), waitedMs: waitedMs() };
    const passedMs = Math.min(now.atMs - last.atMs, 2 * tickMs);
    awakeMs += Math.max(0, passedMs - (now.waitedMs - last.waitedMs));
    last = now;
    if (awakeMs >= ms) controller.abort(new Error(`${doing}: took longer than ${ms} ms`));
  }, tickMs);
  return Object.assign(controller.signal, {
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  });
}

/** All threads of a process together: the second number of a schedstat is in nanoseconds. */
function waitedForProcessorMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((id) => waitedNs(`/proc/${pid}/task/${id}/schedstat`));
  return threads.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

function waitedNs(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8').split(' ')[1]);
  } catch (thrown) {
    // A thread that has ended meanwhile.
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return 0;
    throw thrown;
  }
}
