import { expect, it } from 'vitest';
import { filtered, nameOfTemplate, type TemplateFilter } from './template.ts';
import { template } from './testing/template.ts';

const all: TemplateFilter = { q: '', kind: 'all', whose: 'all' };

it('a version is named by its tag, and by the team where it is of another', () => {
  expect(nameOfTemplate(template(), 'own')).toBe('tools');
  expect(nameOfTemplate(template({ tags: ['v2'] }), 'own')).toBe('tools:v2');
  expect(nameOfTemplate(template(), 'another')).toBe('own/tools');
  expect(nameOfTemplate(template({ platform: true }), 'another')).toBe('tools');
  expect(nameOfTemplate(template({ tags: [] }), 'own')).toBe('tpl-1');
});

it('a filter leaves what fits all of it', () => {
  const list = [
    template({ id: 'tpl-a', aliases: ['Kit'] }),
    template({ id: 'tpl-b', platform: true, type: 'base' }),
    template({ id: 'tpl-c', team: 'others' }),
  ];
  const ids = (filter: Partial<TemplateFilter>) =>
    filtered(list, { ...all, ...filter }, 'own').map(({ id }) => id);
  expect(ids({})).toEqual(['tpl-a', 'tpl-b', 'tpl-c']);
  expect(ids({ q: 'kit' })).toEqual(['tpl-a']);
  expect(ids({ kind: 'base' })).toEqual(['tpl-b']);
  expect(ids({ whose: 'others' })).toEqual(['tpl-c']);
  expect(ids({ whose: 'own', kind: 'base' })).toEqual([]);
});
