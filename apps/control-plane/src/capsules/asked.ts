import { WrennError } from '@wrenn/core';
import { z } from 'zod';
import type { Actor } from '../access/principal.ts';
import { actorFrom } from '../access/stored-actor.ts';
import type { CapsuleHappening } from './store.ts';

/** How a capsule came about: what is written to the audit log when it is known how that ended. */
export interface Asked {
  readonly what: 'capsule.create' | 'capsule.fork';
  readonly actor: Actor;
  readonly metadata: Readonly<Record<string, string>>;
}

const stored = z.object({
  what: z.enum(['capsule.create', 'capsule.fork']),
  actor: z.unknown().transform(actorFrom),
  metadata: z.record(z.string(), z.string()),
});

/** From the row of a capsule that is being made; undefined for one that was made. */
export function askedFrom(value: unknown): Asked | undefined {
  return value === null ? undefined : stored.parse(value);
}

export function failedMaking(asked: Asked, thrown: unknown): CapsuleHappening {
  const { code } = WrennError.from(thrown);
  return { ...asked, status: 'error', metadata: { ...asked.metadata, code } };
}
