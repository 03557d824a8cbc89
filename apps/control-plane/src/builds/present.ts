import type { z } from 'zod';
import type { Build } from './build.ts';
import type { buildBody, logEntry } from './schemas.ts';

export function presentBuild(
  build: Build,
  logs?: readonly z.output<typeof logEntry>[],
): z.output<typeof buildBody> {
  const { request, error, templateId, startedAt, completedAt } = build;
  return {
    id: build.id,
    name: build.name,
    tags: request.tags,
    format: request.format,
    base_template: request.baseTemplate,
    result: request.result,
    recipe: request.recipe,
    ...(request.healthcheck === '' ? {} : { healthcheck: request.healthcheck }),
    vcpus: build.vcpus,
    memory_mb: build.memoryMb,
    status: build.status,
    current_step: build.currentStep,
    total_steps: build.totalSteps,
    ...(error === undefined ? {} : { error: error.toJSON() }),
    ...(templateId === undefined ? {} : { template_id: templateId }),
    created_at: build.createdAt.toISOString(),
    ...(startedAt === undefined ? {} : { started_at: startedAt.toISOString() }),
    ...(completedAt === undefined ? {} : { completed_at: completedAt.toISOString() }),
    ...(logs === undefined ? {} : { logs: [...logs] }),
  };
}
