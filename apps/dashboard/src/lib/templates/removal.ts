import { answered, api } from '#lib/api/client.ts';
import { confirming } from '#lib/confirm/confirm.svelte.ts';
import { notices } from '#lib/notices/notices.svelte.ts';
import type { Template } from './template.ts';

/** What depends on a version, in words, for who is about to delete it. */
function dependents({ capsules }: Template, children: number): string {
  const parts = [
    capsules
      ? `${capsules} ${capsules === 1 ? 'capsule was made from it and stays' : 'capsules were made from it and stay'} whole.`
      : '',
    children > 0
      ? `${children} ${children === 1 ? 'snapshot goes' : 'snapshots go'} on from it and can still be used.`
      : '',
  ];
  return parts.filter(Boolean).join(' ');
}

/** Asks, and deletes one version with its tags. */
export function askToDelete(template: Template, children: number, onDeleted: () => void): void {
  const shown = short(template.name);
  confirming.ask({
    title: `Delete ${shown}?`,
    text: [
      `This version (${template.id}) goes${template.tags.length > 0 ? `, with its tags: ${template.tags.join(', ')}` : ''}. Nothing new can be made from it. This cannot be undone.`,
      dependents(template, children),
    ].join(' '),
    action: 'Delete',
    deed: async () => {
      await answered(api.DELETE('/v1/templates/{name}', { params: { path: { name: template.id } } }));
      notices.done(`${shown} is deleted`);
      onDeleted();
    },
  });
}

/** Asks twice, by the name, and deletes all versions. */
export function askToDeleteAll({ name }: Template, onDeleted: () => void): void {
  confirming.ask({
    title: `Delete all of ${short(name)}?`,
    text: 'All versions go, with their tags and aliases. Programs that name it are refused from then on. Capsules that were made from it stay whole. This cannot be undone.',
    action: 'Delete all versions',
    typed: name,
    deed: async () => {
      await answered(api.DELETE('/v1/templates/{name}', { params: { path: { name } } }));
      notices.done(`${short(name)} is deleted`);
      onDeleted();
    },
  });
}

function short(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}
