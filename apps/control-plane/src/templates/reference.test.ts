import { fc, test } from '@fast-check/vitest';
import { newId } from '@wrenn/core';
import { expect, it } from 'vitest';
import { familyPattern, parseReference, referencePattern } from './reference.ts';

// Short enough that none is an ID.
const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const optional = fc.option(word, { nil: undefined });

test.prop([optional, word, optional])(
  'a reference is a name, with the slug of a team before it and a tag after it or without',
  (team, name, tag) => {
    const family = `${team === undefined ? '' : `${team}/`}${name}`;
    const text = `${family}${tag === undefined ? '' : `:${tag}`}`;
    expect(parseReference(text)).toEqual({ kind: 'name', team, name, tag });
    expect(familyPattern.test(family)).toBe(true);
    expect(familyPattern.test(text)).toBe(tag === undefined);
  },
);

test.prop([fc.string()])('whatever the pattern refuses is no reference', (text) => {
  expect(parseReference(text) === undefined).toBe(!referencePattern.test(text));
});

it.each(['', ':', 'a:', ':a', '/a', 'a/', 'a/b/c', 'a:b:c', 'a b', '-a', 'a/:b', 'registry.io:5000/a:b'])(
  '%j is no reference',
  (text) => {
    expect(parseReference(text)).toBeUndefined();
  },
);

it('the ID of a template or a snapshot is one, with its hyphen or without', () => {
  const [template, snapshot] = [newId('template'), newId('snapshot')];
  for (const text of [template, template.replace('-', '')]) {
    expect(parseReference(text)).toEqual({ kind: 'template', id: template });
  }
  expect(parseReference(snapshot)).toEqual({ kind: 'snapshot', id: snapshot });
});

it('an ID has neither team nor tag', () => {
  const id = newId('template');
  expect(parseReference(`team/${id}`)).toMatchObject({ kind: 'name', name: id });
  expect(parseReference(`${id}:tag`)).toMatchObject({ kind: 'name', name: id });
});
