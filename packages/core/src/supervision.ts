import { z } from 'zod';
import { type ErrorCode, errorCodes } from './errors.ts';
import type { Progress } from './progress.ts';

/** What becomes of running capsules when the host-agent stops: they outlive it, or they are paused first. */
export type StopMode = 'leave' | 'pause';

/** From the supervisor to a process that it started, over Node's IPC channel. */
export type SupervisorMessage = { readonly type: 'shutdown'; readonly mode: StopMode };

/** The other way. `ready` comes once, when the process serves. */
export type ServiceMessage =
  | { readonly type: 'ready'; readonly facts: Readonly<Record<string, string>> }
  | { readonly type: 'progress'; readonly progress: Progress }
  | {
      readonly type: 'fault';
      readonly code: ErrorCode;
      readonly message: string;
      readonly remedy?: string | undefined;
    };

const supervisorMessage = z.object({ type: z.literal('shutdown'), mode: z.enum(['leave', 'pause']) });

const progress = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), step: z.string() }),
  z.object({ kind: z.literal('note'), step: z.string(), text: z.string() }),
  z.object({ kind: z.literal('finished'), step: z.string(), ms: z.number(), cached: z.boolean() }),
]);

const serviceMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), facts: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('progress'), progress }),
  z.object({
    type: z.literal('fault'),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    remedy: z.string().optional(),
  }),
]);

export function parseSupervisorMessage(message: unknown): SupervisorMessage | undefined {
  return supervisorMessage.safeParse(message).data;
}

export function parseServiceMessage(message: unknown): ServiceMessage | undefined {
  return serviceMessage.safeParse(message).data;
}
