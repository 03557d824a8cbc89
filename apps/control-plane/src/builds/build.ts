import type { ArchiveId, BuildId, TeamId, TemplateId, WrennError } from '@wrenn/core';
import { z } from 'zod';
import type { Actor } from '../access/principal.ts';
import type { BuildStatus } from '../db/schema.ts';

/** What was asked for, as the row keeps it; no secret is in it. */
export const buildRequest = z.object({
  format: z.enum(['recipe', 'dockerfile']),
  recipe: z.string(),
  /** A template, or an image, where the recipe does not say by FROM. */
  baseTemplate: z.string(),
  /** Of a Dockerfile with several stages: the last, where it is not said. */
  target: z.string().optional(),
  args: z.record(z.string(), z.string()),
  healthcheck: z.string(),
  /** What the template is tagged. */
  tags: z.array(z.string()).min(1),
  /** `snapshot`: capsules start from its memory. `image`: they boot from its disk. */
  result: z.enum(['snapshot', 'image']),
  /** Without the user and the package lists that recipes begin with, and without the tidying at their end. */
  skipPrePost: z.boolean(),
  useCache: z.boolean(),
  timeoutSec: z.int().positive(),
  stepTimeoutSec: z.int().positive(),
});
export type BuildRequest = Readonly<z.output<typeof buildRequest>>;

/** A template that is being made, or what came of it. */
export interface Build {
  readonly id: BuildId;
  readonly teamId: TeamId;
  readonly name: string;
  readonly request: BuildRequest;
  readonly actor: Actor;
  readonly archiveId: ArchiveId | undefined;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly status: BuildStatus;
  readonly currentStep: number;
  readonly totalSteps: number;
  readonly error: WrennError | undefined;
  readonly templateId: TemplateId | undefined;
  readonly isCancelAsked: boolean;
  /** How often somebody took it up. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly completedAt: Date | undefined;
}

export function isOver({ status }: Pick<Build, 'status'>): boolean {
  return status !== 'pending' && status !== 'running';
}
