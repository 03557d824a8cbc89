import { type LiveKind, liveKinds } from '@wrenn/core/live-kinds';
import { answered, api } from '#lib/api/client.ts';
import { ApiFault } from '#lib/api/fault.ts';
import type { LiveChange } from './change.ts';

/** How the page hears of changes. While it is `down`, what is shown may be old. */
export type LiveState = 'off' | 'connecting' | 'open' | 'down';

export interface LiveListener {
  readonly kinds: readonly LiveKind[];
  /** Left out by who only reads again. */
  readonly onChange?: (kind: LiveKind, change: LiveChange) => void;
  /** Anything of these kinds may have changed: read it again. */
  readonly onResync: () => void;
}

/** Many events that come together lead to one read. */
const settleMs = 150;
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
      if (this.state === 'down') this.#resync(undefined);
      this.state = 'open';
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

  /** Reads again whenever something of these kinds changes; once for many changes that come together. */
  rereads(kinds: readonly LiveKind[], reread: () => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        reread();
      }, settleMs);
    };
    const stop = this.listen({ kinds, onChange: soon, onResync: soon });
    return () => {
      clearTimeout(timer);
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
        () => {
          this.open(path);
          this.#resync(undefined);
        },
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
