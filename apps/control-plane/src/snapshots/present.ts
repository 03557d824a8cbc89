import { zeroId } from '@wrenn/core';
import type { z } from 'zod';
import type { Template } from '../templates/template.ts';
import { type snapshotBody, snapshotFacts } from './schemas.ts';

/** A template as clients get it. */
export function presentTemplate(template: Template): z.output<typeof snapshotBody> {
  const metadata = snapshotFacts(template.facts);
  return {
    ...(template.type === 'snapshot'
      ? { id: template.snapshotId, vcpus: template.vcpus, memory_mb: template.memoryMb }
      : {}),
    template_id: template.id,
    name: template.name,
    type: template.type,
    size_bytes: template.sizeBytes,
    created_at: template.createdAt.toISOString(),
    platform: template.teamId === zeroId('team'),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}
