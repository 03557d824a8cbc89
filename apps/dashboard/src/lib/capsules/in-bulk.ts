export interface BulkResult {
  readonly done: number;
  /** The first fault, and how many there were. */
  readonly failed: number;
  readonly fault: unknown;
}

/** As many at once as a host does at a time without the others waiting for long. */
const atOnce = 4;

/** Does the same to each, some at once; one that fails does not keep the others from it. */
export async function inBulk<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<unknown>,
  onProgress: (settled: number) => void,
): Promise<BulkResult> {
  const waiting = items.values();
  let result: BulkResult = { done: 0, failed: 0, fault: undefined };
  const worker = async () => {
    for (const item of waiting) {
      try {
        await act(item);
        result = { ...result, done: result.done + 1 };
      } catch (thrown) {
        result = { ...result, failed: result.failed + 1, fault: result.fault ?? thrown };
      }
      onProgress(result.done + result.failed);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return result;
}
