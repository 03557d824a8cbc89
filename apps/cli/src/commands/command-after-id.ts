import { WrennError } from '@wrenn/core';

/**
 * What follows the ID: everything belongs to the command, except the `--` that people put before it. Throws for an
 * option there, which would be taken for the command.
 */
export function commandAfterId(rest: readonly string[], usage: string): readonly string[] {
  const [first, ...others] = rest;
  if (first === '--') return others;
  if (!first?.startsWith('-')) return rest;
  throw new WrennError('invalid_request', `${first} comes after the ID`, { remedy: usage });
}
