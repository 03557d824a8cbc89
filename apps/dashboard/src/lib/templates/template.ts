import type { Schemas } from '#lib/api/client.ts';

export type Template = Schemas['Template'];

/** As it is named in the API: with one of its tags, or by its ID where it has none. */
export function nameOfTemplate(
  { id, name, tags, team, platform }: Template,
  ownTeam: string | undefined,
): string {
  const tag = tags.includes('default') ? 'default' : tags[0];
  if (tag === undefined) return id;
  return `${platform || team === ownTeam ? '' : `${team}/`}${tagged(name, tag)}`;
}

/** A version by its tag; the one that is meant by the name alone needs none. */
export function tagged(name: string, tag: string): string {
  return tag === 'default' ? name : `${name}:${tag}`;
}

export const whose = ['all', 'own', 'platform', 'others'] as const;
export type Whose = (typeof whose)[number];

export interface TemplateFilter {
  readonly q: string;
  readonly kind: 'all' | Template['type'];
  readonly whose: Whose;
}

/** Those that the filter leaves. */
export function filtered(
  templates: readonly Template[],
  filter: TemplateFilter,
  ownTeam: string | undefined,
): readonly Template[] {
  const text = filter.q.toLowerCase();
  return templates.filter((template) => {
    if (filter.kind !== 'all' && template.type !== filter.kind) return false;
    if (filter.whose !== 'all' && ownerOf(template, ownTeam) !== filter.whose) return false;
    const words = [template.name, template.id, template.team, ...template.tags, ...template.aliases];
    return text === '' || words.some((word) => word.toLowerCase().includes(text));
  });
}

function ownerOf({ platform, team }: Template, ownTeam: string | undefined): Whose {
  if (platform) return 'platform';
  return team === ownTeam ? 'own' : 'others';
}

export function isOwn(template: Template, ownTeam: string | undefined): boolean {
  return ownerOf(template, ownTeam) === 'own';
}
