/**
 * Runs tasks at once and returns when all have ended. When one fails, the others are told by the signal and still
 * waited for, so that nothing is started after the caller began to clean up; then the first fault is thrown.
 */
export async function together(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const controller = new AbortController();
  const all = AbortSignal.any([signal, controller.signal]);
  await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        await task(all);
      } catch (thrown) {
        // Only the first call has an effect: faults that follow from the abort are not what went wrong.
        controller.abort(thrown);
      }
    }),
  );
  signal.throwIfAborted();
  controller.signal.throwIfAborted();
}
