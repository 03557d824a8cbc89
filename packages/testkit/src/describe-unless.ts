import { describe, it } from 'vitest';

/**
 * Tests of what this machine may not have: where `missing` says what that is, they are one test that is skipped for it, so
 * that the end of a run names the reason. `describe.skipIf` has no place for one.
 */
export function describeUnless(
  missing: string | undefined,
  name: string,
  tests: () => void,
  options: { readonly timeout?: number } = {},
): void {
  if (missing === undefined) describe(name, options, tests);
  else it(name, (context) => context.skip(missing));
}
