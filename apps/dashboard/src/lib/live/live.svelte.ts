import { type LiveKind, liveKinds } from '@wrenn/core/live-kinds';
import { answered, api } from '#lib/api/client.ts';
import { ApiFault } from '#lib/api/fault.ts';
import type { LiveChange } from './change.ts';
import { Rereading } from './rereading.ts';

/** How the page hears of changes. While it is `down`, what is shown may be old. */
export type LiveState = 'off' | 'connecting' | 'open' | 'down';

export interface LiveListener {
  readonly kinds: readonly LiveKind[];
  /** Left out by who only reads again. */
  readonly onChange?: (kind: LiveKind, change: LiveChange) => void;
  /** Anything of these kinds may have changed: read it again. */
  readonly onResync: () => void;
}

const againMs = 5_000;

/** One stream of events for the whole page, whatever is open on it. */
class Live {
  state = $state<LiveState>('off');
  readonly #listeners = new Set<LiveListener>();
  #source: EventSource | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** Opens the stream at `path`, in place of the one before. Returns how to end it. */
  open(path: string): () => void {
    this.close();
    this.state = 'connecting';
    const source = new EventSource(path);
    this.#source = source;
    source.onopen = () => {
      this.state = 'open';
      // Nobody told of what happened before, and whoever listens already has read before.
      this.#resync(undefined);
    };
    source.onerror = () => this.#broken(path, source);
    source.addEventListener('resync', ({ data }: MessageEvent<string>) => this.#resync(kindsOf(data)));
    for (const kind of liveKinds)
      source.addEventListener(kind, ({ data }: MessageEvent<string>) => this.#tell(kind, JSON.parse(data)));
    return () => this.close();
  }

  close(): void {
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = undefined;
    this.state = 'off';
  }

  /** Calls the listener until the returned function is called. */
  listen(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads again whenever something of these kinds changes (rereading.ts), until the returned function is called. */
  rereads(kinds: readonly LiveKind[], reread: () => Promise<void>): () => void {
    const rereading = new Rereading(reread);
    const ask = () => rereading.ask();
    const stop = this.listen({ kinds, onChange: ask, onResync: ask });
    return () => {
      rereading.stop();
      stop();
    };
  }

  /** A browser goes on by itself unless it was refused: then the session may be over, which a call of the API tells. */
  #broken(path: string, source: EventSource): void {
    this.state = 'down';
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      void answered(api.GET('/v1/me')).then(
        () => void this.open(path),
        (thrown: unknown) => {
          if (thrown instanceof ApiFault) this.#broken(path, source);
          else throw thrown;
        },
      );
    }, againMs);
  }

  #tell(kind: LiveKind, change: LiveChange): void {
    for (const listener of this.#listeners)
      if (listener.kinds.includes(kind)) listener.onChange?.(kind, change);
  }

  #resync(kinds: readonly string[] | undefined): void {
    for (const listener of this.#listeners)
      if (kinds === undefined || listener.kinds.some((kind) => kinds.includes(kind))) listener.onResync();
  }
}

function kindsOf(data: string): readonly string[] | undefined {
  const { of } = JSON.parse(data) as { readonly of?: readonly string[] };
  return of;
}

export const live = new Live();
