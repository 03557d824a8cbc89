import { type LogLine, type LogStream, LogText } from './log-text.ts';

export interface BegunEvent {
  readonly step: number;
  readonly at: string;
  readonly phase: string;
  /** Of the recipe; 0 for what is not in it. */
  readonly line: number;
  readonly text: string;
}

export interface EndedEvent {
  readonly ok: boolean;
  readonly elapsed_ms: number;
  readonly cached: boolean;
  readonly exit?: number;
}

/** A step as it is shown. */
export interface StepView extends Pick<BegunEvent, 'step' | 'phase' | 'line' | 'text'> {
  /** One that was begun anew, after its process died, is there twice. */
  readonly key: number;
  readonly begunAt: string;
  readonly ended: EndedEvent | undefined;
  readonly lines: readonly LogLine[];
  /** How many of the first lines are not kept. */
  readonly dropped: number;
  readonly notes: readonly string[];
}

/** A step of a build, as its log has told of it so far. */
export class LoggedStep {
  readonly #output = new LogText();
  #view: StepView;
  #isDrawn = true;

  constructor(key: number, { step, at, phase, line, text }: BegunEvent) {
    const none = { ended: undefined, lines: [], dropped: 0, notes: [] };
    this.#view = { key, step, phase, line, text, begunAt: at, ...none };
  }

  write(stream: LogStream, text: string): void {
    this.#output.add(stream, text);
    this.#isDrawn = false;
  }

  note(text: string): void {
    this.#view = { ...this.#view, notes: [...this.#view.notes, text] };
  }

  end(ended: EndedEvent): void {
    this.#view = { ...this.#view, ended };
  }

  /** The same one as long as nothing has changed. */
  get view(): StepView {
    if (!this.#isDrawn) {
      this.#view = { ...this.#view, lines: this.#output.copy(), dropped: this.#output.dropped };
      this.#isDrawn = true;
    }
    return this.#view;
  }
}
