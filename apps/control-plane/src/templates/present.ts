import { zeroId } from '@wrenn/core';
import type { z } from 'zod';
import { snapshotFacts } from '../snapshots/schemas.ts';
import type { TemplateDetails } from './details.ts';
import type { Ancestor, Lineage } from './lineage.ts';
import type { tagBody, templateBody, templateDetailsBody } from './schemas.ts';
import type { Tag } from './tags.ts';

/** A version of a template as clients get it. */
export function presentVersion(details: TemplateDetails): z.output<typeof templateBody> {
  const { template } = details;
  const metadata = snapshotFacts(template.facts);
  return {
    id: template.id,
    ...(template.type === 'snapshot'
      ? { snapshot_id: template.snapshotId, vcpus: template.vcpus, memory_mb: template.memoryMb }
      : {}),
    name: template.name,
    team: details.team,
    platform: template.teamId === zeroId('team'),
    type: template.type,
    visibility: details.visibility,
    tags: [...details.tags],
    aliases: [...details.aliases],
    size_bytes: template.sizeBytes,
    default_user: template.defaultUser,
    default_env: template.defaultEnv,
    default_workdir: template.defaultWorkdir,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    created_at: template.createdAt.toISOString(),
  };
}

export function presentWithLineage(
  details: TemplateDetails,
  { parents, children, buildId, madeBy }: Lineage,
): z.output<typeof templateDetailsBody> {
  return {
    ...presentVersion(details),
    ...(buildId === undefined ? {} : { build_id: buildId }),
    ...(madeBy === undefined ? {} : { made_by: madeBy }),
    parents: parents.map(presentAncestor),
    children,
  };
}

function presentAncestor({ id, known, buildId, isDeleted, createdAt }: Ancestor) {
  return {
    id,
    ...known,
    ...(buildId === undefined ? {} : { build_id: buildId }),
    deleted: isDeleted,
    created_at: createdAt.toISOString(),
  };
}

export function presentTag({ tag, templateId, createdAt }: Tag): z.output<typeof tagBody> {
  return { tag, template_id: templateId, created_at: createdAt.toISOString() };
}
