/** What a long operation says while it works. Rendered by whoever stands before a person. */
export type Progress =
  | { readonly kind: 'started'; readonly step: string }
  | { readonly kind: 'note'; readonly step: string; readonly text: string }
  | { readonly kind: 'finished'; readonly step: string; readonly ms: number; readonly cached: boolean };
export type Report = (progress: Progress) => void;

/** The result of a step, and whether it was there already. */
export interface StepResult<T> {
  readonly value: T;
  readonly cached: boolean;
}

/** Runs one named step of a long operation and reports its start, its notes and its end. */
export async function runStep<T>(
  report: Report,
  step: string,
  work: (note: (text: string) => void) => Promise<StepResult<T>>,
): Promise<T> {
  const began = performance.now();
  report({ kind: 'started', step });
  const { value, cached } = await work((text) => report({ kind: 'note', step, text }));
  report({ kind: 'finished', step, ms: Math.round(performance.now() - began), cached });
  return value;
}
