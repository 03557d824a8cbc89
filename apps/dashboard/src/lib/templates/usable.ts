import { answered, api, type Schemas } from '#lib/api/client.ts';
import type { CapsuleArea } from '#lib/capsules/capsule.ts';
import { allTemplates } from './all-templates.ts';
import { tagged } from './template.ts';

/** What a capsule can be made from, as its maker names it. */
export interface UsableTemplate {
  readonly name: string;
  readonly id: string;
  readonly type: Schemas['Template']['type'];
  readonly platform: boolean;
  /** Of every capsule that is made from it, where that is settled. */
  readonly shape: { readonly vcpus: number; readonly memoryMb: number } | undefined;
}

/** Of the team, of the platform, and what other teams have made public; the platform's alone for the platform. */
export async function usableTemplates(
  area: CapsuleArea,
  signal: AbortSignal,
): Promise<readonly UsableTemplate[]> {
  if (area === 'admin') {
    const { templates } = await answered(api.GET('/v1/admin/templates', { signal }));
    return templates.filter(({ platform }) => platform).flatMap((template) => named(template, ''));
  }
  const [own, shared] = await Promise.all([
    allTemplates({}, signal),
    allTemplates({ visibility: 'public' }, signal),
  ]);
  const ids = new Set(own.map(({ id }) => id));
  const others = shared.filter(({ id }) => !ids.has(id));
  return [
    ...own.flatMap((template) => named(template, '')),
    ...others.flatMap((template) => named(template, `${template.team}/`)),
  ];
}

type Facts = Pick<Schemas['Template'], 'id' | 'name' | 'tags' | 'type' | 'platform' | 'vcpus' | 'memory_mb'>;

/** By each tag that it has; by its ID where it has none. */
function named(
  { id, name, tags, type, platform, vcpus, memory_mb }: Facts,
  prefix: string,
): UsableTemplate[] {
  const isSettled = type === 'snapshot' && vcpus !== undefined && memory_mb !== undefined;
  const facts = { id, type, platform, shape: isSettled ? { vcpus, memoryMb: memory_mb } : undefined };
  if (tags.length === 0) return [{ ...facts, name: id }];
  return tags.map((tag) => ({ ...facts, name: `${prefix}${tagged(name, tag)}` }));
}
