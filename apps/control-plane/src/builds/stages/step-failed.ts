import { WrennError } from '@wrenn/core';

interface Where {
  readonly step: number;
  /** Of the recipe; 0 for what is not in it. */
  readonly line: number;
  readonly text: string;
}

/** What went wrong in a build, and at which step and line. */
export class StepFailed extends WrennError {
  readonly step: number;
  readonly line: number;

  private constructor(error: WrennError, { step, line, text }: Where) {
    const [first = ''] = text.split('\n');
    const short = first.length > 120 ? `${first.slice(0, 120)}…` : first;
    const where = line > 0 ? `step ${step} (line ${line}, ${short})` : `step ${step} (${short})`;
    super(error.code, `${where}: ${error.message}`, {
      cause: error,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      ...(error.field === undefined ? {} : { field: error.field }),
    });
    this.step = step;
    this.line = line;
  }

  static of(thrown: unknown, where: Where): StepFailed {
    if (thrown instanceof StepFailed) return thrown;
    return new StepFailed(WrennError.from(thrown, 'the step failed'), where);
  }

  override toJSON() {
    return { ...super.toJSON(), step: this.step, line: this.line };
  }
}
