/**
 * Does `work` for each item, at most `count` at once, in their order; the results are in the same order. When one
 * throws, no more are begun, and its fault is thrown when those under way have ended.
 */
export async function atMost<T, R>(
  count: number,
  items: Iterable<T>,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items].entries();
  let hasFailed = false;
  const worker = async () => {
    // One iterator for all workers: each takes what the others have left.
    for (const [index, item] of waiting) {
      if (hasFailed) return;
      try {
        results[index] = await work(item);
      } catch (thrown) {
        hasFailed = true;
        throw thrown;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: count }, worker));
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
  return results;
}
