import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { detailsOf, sentenceOf } from './sentence.ts';
import { auditResources } from './vocabulary.ts';

const entry: Parameters<typeof sentenceOf>[0] = {
  ...{ id: 'log-1', number: 1, actor_type: 'user', actor_name: 'Ada', scope: 'team', status: 'success' },
  ...{
    resource_type: 'api_key',
    action: 'create',
    metadata: {},
    personal: {},
    created_at: '2026-01-02T03:04:05Z',
  },
} as const;

/** Where the API has its words; as text, since an app imports no other. */
const source = new URL('../../../../control-plane/src/audit/actions.ts', import.meta.url);

test('every action that the API writes has a sentence and a place in the filter', async () => {
  const written = (await readFile(source, 'utf8')).matchAll(/resource: '(\w+)',\s+action: '(\w+)'/g);
  const actions = [...written].map(([, resource = '', action = '']) => ({ resource, action }));
  expect(actions.length).toBeGreaterThan(50);
  for (const { resource, action } of actions) {
    expect(sentenceOf({ ...entry, resource_type: resource, action })).not.toContain(':');
    const known = auditResources.find((other) => other.resource === resource);
    expect(known?.actions.map((other) => other.action)).toContain(action);
  }
});

test('a sentence names what was done, and tells of a failure with its code', () => {
  const made = { ...entry, metadata: { name: 'build server' } };
  expect(sentenceOf(made)).toBe('made the key build server');
  const failed = { ...entry, resource_type: 'sandbox', action: 'pause', metadata: { code: 'agent_error' } };
  expect(sentenceOf({ ...failed, status: 'error' })).toBe('paused a capsule; it failed: agent error');
});

test('an action of an extension is shown by its own words', () => {
  expect(sentenceOf({ ...entry, resource_type: 'invoice', action: 'sent_late' })).toBe('invoice: sent late');
});

test('an entry whose person is forgotten still reads as a sentence', () => {
  expect(sentenceOf({ ...entry, resource_type: 'member', action: 'remove' })).toBe(
    'removed somebody from the team',
  );
});

test('details keep what is not text, in the form of JSON', () => {
  const details = detailsOf({ ...entry, personal: { email: 'a@b.example' }, metadata: { scopes: ['all'] } });
  expect(details).toEqual([
    ['email', 'a@b.example'],
    ['scopes', '["all"]'],
  ]);
});
