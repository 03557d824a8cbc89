import { type ApiFault, asFault } from '#lib/api/fault.ts';
import { type Build, type BuildCalls, isOver } from './calls.ts';
import { type BegunEvent, type EndedEvent, LoggedStep, type StepView } from './logged-step.ts';

/** Events that come together are drawn together. */
const drawMs = 100;
const againMs = 3_000;

export type LogState =
  | { readonly kind: 'open' | 'over' }
  /** It is tried again by itself. */
  | { readonly kind: 'broken'; readonly fault: ApiFault | undefined };

/** The log of a build by its steps, as it grows. Each event counts once, also when the connection breaks meanwhile. */
export class BuildLog {
  steps = $state.raw<readonly StepView[]>([]);
  state = $state.raw<LogState>({ kind: 'open' });
  readonly #calls: BuildCalls;
  readonly #id: string;
  readonly #onOver: (build: Build) => void;
  readonly #steps: LoggedStep[] = [];
  #last = 0;
  #source: EventSource | undefined;
  #draws: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(calls: BuildCalls, id: string, onOver: (build: Build) => void) {
    this.#calls = calls;
    this.#id = id;
    this.#onOver = onOver;
  }

  /** Until the returned function is called. */
  follow(): () => void {
    this.#open();
    return () => {
      clearTimeout(this.#draws);
      clearTimeout(this.#again);
      this.#draws = undefined;
      this.#source?.close();
    };
  }

  #open(): void {
    const source = new EventSource(this.#calls.logPath(this.#id, this.#last));
    this.#source = source;
    source.onopen = () => (this.state = { kind: 'open' });
    source.onerror = () => {
      this.state = { kind: 'broken', fault: undefined };
      // A browser goes on by itself unless it was refused.
      if (source.readyState === EventSource.CLOSED) this.#soonAgain();
    };
    const on = <Data>(name: string, act: (data: Data) => void) =>
      source.addEventListener(name, ({ lastEventId, data }: MessageEvent<string>) => {
        const number = Number(lastEventId);
        if (number <= this.#last) return;
        this.#last = number;
        act(JSON.parse(data) as Data);
        this.#draw();
      });
    on<BegunEvent>('begin', (event) => this.#steps.push(new LoggedStep(this.#steps.length, event)));
    on<EndedEvent>('end', (event) => this.#steps.at(-1)?.end(event));
    on<{ text: string }>('note', ({ text }) => this.#steps.at(-1)?.note(text));
    for (const stream of ['stdout', 'stderr'] as const)
      on<{ text: string }>(stream, ({ text }) => this.#steps.at(-1)?.write(stream, text));
    source.addEventListener('over', ({ data }: MessageEvent<string>) => this.#over(source, data));
  }

  #over(source: EventSource, data: string): void {
    source.close();
    this.state = { kind: 'over' };
    this.#draw();
    this.#onOver(JSON.parse(data) as Build);
  }

  /** A call tells why it was refused, and whether the session is over. */
  #soonAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      void this.#calls.get(this.#id).then(
        () => this.#open(),
        (thrown: unknown) => {
          this.state = { kind: 'broken', fault: asFault(thrown) };
          this.#soonAgain();
        },
      );
    }, againMs);
  }

  #draw(): void {
    this.#draws ??= setTimeout(() => {
      this.#draws = undefined;
      this.steps = this.#steps.map((step) => step.view);
    }, drawMs);
  }
}

/** Whether anything is still to come of the step: one that has no end when the build has one was cut off. */
export function isUnderWay(step: StepView, build: Build): boolean {
  return step.ended === undefined && !isOver(build);
}
