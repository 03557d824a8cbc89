/**
 * The results of promises that run at once, when all have ended: unlike Promise.all, it leaves none running behind a
 * caller that begins to clean up. Then throws the first fault in order, if there is one.
 */
export async function allEnded<T extends readonly unknown[]>(
  promises: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(promises);
  // All have settled: this only unwraps, or throws.
  return (await Promise.all(promises)) as unknown as T;
}
