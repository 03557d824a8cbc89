import type { Template } from '../template.ts';

/** A version as the API tells of one, with what a test says of it. */
export function template(facts: Partial<Template> = {}): Template {
  return {
    id: 'tpl-1',
    name: 'tools',
    team: 'own',
    platform: false,
    type: 'snapshot',
    visibility: 'team',
    tags: ['default'],
    aliases: [],
    size_bytes: 1,
    default_user: 'wrenn-user',
    default_env: {},
    default_workdir: '',
    created_at: '2026-01-01T00:00:00.000Z',
    ...facts,
  };
}
