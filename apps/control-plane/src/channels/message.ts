import { z } from 'zod';

/** An event as it is stored, and as webhooks get it. */
export const eventBody = z.object({
  event: z.string(),
  timestamp: z.string(),
  team_id: z.string(),
  actor: z.object({ type: z.string(), id: z.string().optional(), name: z.string().optional() }),
  resource: z.object({ type: z.string(), id: z.string().optional() }),
  outcome: z.string(),
  details: z.record(z.string(), z.unknown()),
});
export type EventBody = z.output<typeof eventBody>;

/** Said in one line, for people. Names in it are of people, and may be anything. */
export function summaryOf({ event, actor, resource, outcome, details }: EventBody): string {
  const who = actor.name ?? 'the platform';
  const what = resource.id === undefined ? resource.type : `${resource.type} ${resource.id}`;
  const facts = Object.entries(details)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .slice(0, 6)
    .map(([name, value]) => `${name}: ${String(value)}`);
  return [`Wrenn: ${event} (${outcome}), ${what}, by ${who}`, ...facts].join('; ').slice(0, 1500);
}
