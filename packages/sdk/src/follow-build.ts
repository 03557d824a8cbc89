import type { Build, BuildEvent, FollowOptions } from './build-types.ts';
import { isObject, WrennApiError } from './error.ts';
import type { Http } from './http.ts';
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.ts';
import type { CallOptions } from './types.ts';
import { fromWire } from './wire.ts';

/** The server says every 15 s that it is there: a connection on which nothing comes for so long is dead. */
const silentMs = 60_000;
/** How long it is looked for when it was there before; it comes back from a restart within seconds. */
const mostAwayMs = 120_000;
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** How far the log was read, and how the connections fare. */
interface Progress {
  /** The number of the last event. */
  last: number;
  /** Undefined as long as nothing ever came. */
  heardAt: number | undefined;
  /** In a row. */
  failures: number;
}

export async function* followBuild(
  http: Http,
  path: string,
  { after = 0 }: FollowOptions,
  { signal }: CallOptions,
): AsyncGenerator<BuildEvent, void> {
  const progress: Progress = { last: after, heardAt: undefined, failures: 0 };
  for (;;) {
    try {
      for await (const event of connection(http, path, progress, signal)) {
        yield event;
        if (event.type === 'over') return;
      }
      throw lost('the log broke off before the end of the build');
    } catch (thrown) {
      signal?.throwIfAborted();
      const fault = isBreak(thrown) ? lost('the connection broke while the build ran', thrown) : thrown;
      if (!mayPass(fault) || isGone(progress)) throw fault;
    }
    await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** progress.failures), signal);
    progress.failures += 1;
  }
}

/** The events of one connection, from the one after the last on. */
async function* connection(
  http: Http,
  path: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): AsyncGenerator<BuildEvent, void> {
  const silence = new AbortController();
  const giveUp = () => silence.abort(lost('nothing came from the server for a minute'));
  let timer = setTimeout(giveUp, silentMs);
  try {
    const response = await http.send({
      method: 'GET',
      path,
      accept: 'text/event-stream',
      ...(progress.last === 0 ? {} : { headers: { 'last-event-id': String(progress.last) } }),
      signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
    });
    for await (const sent of readServerSentEvents(response.body ?? new Blob([]).stream())) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, silentMs);
      Object.assign(progress, { heardAt: performance.now(), failures: 0 });
      const event = sent === 'comment' ? undefined : eventFrom(sent);
      if (event === undefined) continue;
      if ('number' in event) progress.last = event.number;
      yield event;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Events of a kind that this client does not know yet are skipped. */
function eventFrom({ id, name, data }: ServerSentEvent): BuildEvent | undefined {
  const body: unknown = JSON.parse(data);
  if (!isObject(body)) return undefined;
  switch (name) {
    case 'begin':
    case 'stdout':
    case 'stderr':
    case 'note':
    case 'end':
      return { type: name, number: Number(id), ...(fromWire(body) as object) } as BuildEvent;
    case 'over':
      return { type: 'over', build: fromWire(body) as Build };
    default:
      return undefined;
  }
}

/** What a connection that breaks in the middle is for `fetch`. */
function isBreak(thrown: unknown): boolean {
  return thrown instanceof TypeError || (thrown instanceof Error && thrown.name === 'AbortError');
}

/** Whether another attempt may do better: what the server says so of, and what is on the way to it. */
function mayPass(fault: unknown): boolean {
  if (!(fault instanceof WrennApiError)) return false;
  return fault.retryable || fault.status === 0 || [502, 503, 504].includes(fault.status);
}

/** One that was never reached is not waited for. */
function isGone({ heardAt }: Progress): boolean {
  return heardAt === undefined || performance.now() - heardAt > mostAwayMs;
}

function lost(message: string, cause?: unknown): WrennApiError {
  return new WrennApiError({ code: 'connection_lost', message, status: 0, retryable: true }, { cause });
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const over = () => resolve();
  const timer = setTimeout(over, ms);
  signal?.addEventListener('abort', over);
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', over);
  signal?.throwIfAborted();
}
