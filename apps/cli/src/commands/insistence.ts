import { constants } from 'node:os';

/** A second Ctrl-C: whoever pressed it does not want to wait for the capsule's end, which comes by itself. */
export function exitOnInsistence(name: NodeJS.Signals): never {
  process.exit(128 + constants.signals[name]);
}
