import { deadline, until } from '@wrenn/core';

/** Returns when it is so; `what` says in the fault what never was. */
export async function comesTrue(what: string, look: () => boolean): Promise<void> {
  using limit = deadline(40_000, what);
  await until(() => look() || undefined, 5, limit);
}
