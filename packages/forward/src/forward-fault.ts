import type { Hop } from './hop.ts';

/**
 * Why a request did not reach the port, or its answer not the client:
 * `closed`: nobody listens there, after all attempts. `unreachable`: the capsule does not answer at all.
 * `broken`: the connection ended before there was an answer. `unspeakable`: what came back is no HTTP, or no
 * WebSocket where one was asked for. `absent`: the capsule does not run on the machine that was asked. `full`: it has too
 * many requests there. `refused`: what was asked for is not passed on there. `unavailable`: not now.
 */
export const forwardFaultKinds = [
  'closed',
  'unreachable',
  'broken',
  'unspeakable',
  'absent',
  'full',
  'refused',
  'unavailable',
] as const;
export type ForwardFaultKind = (typeof forwardFaultKinds)[number];

/** Thrown only as long as nothing was sent to the client: whoever catches it answers. */
export class ForwardFault extends Error {
  override readonly name = 'ForwardFault';
  readonly kind: ForwardFaultKind;
  /** Of whom that is said. */
  readonly hop: Hop;

  constructor(kind: ForwardFaultKind, cause?: unknown, hop: Hop = 'port') {
    super(`the ${hop} is ${kind}`, { cause });
    this.kind = kind;
    this.hop = hop;
  }
}
