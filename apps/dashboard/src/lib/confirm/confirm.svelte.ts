export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says: the deed itself, as in `Destroy`. */
  readonly action: string;
  /** Must be typed before the deed, where it cannot be undone. */
  readonly typed?: string;
  /** Runs while the dialog shows that it does; a fault is shown in it, and it stays. */
  readonly deed: () => Promise<void>;
}

/** Asks before something that cannot be taken back. */
class Confirming {
  question = $state.raw<Question>();

  ask(question: Question): void {
    this.question = question;
  }

  close(): void {
    this.question = undefined;
  }
}

export const confirming = new Confirming();
