import { fc, test } from '@fast-check/vitest';
import { liveActions, liveKinds } from '@wrenn/core/live-kinds';
import { describe, expect, it } from 'vitest';
import { type Change, merged, parseChange } from './change.ts';

const change = (action: Change['action']): Change => ({
  kind: 'capsule',
  action,
  team: 'a',
  id: 'b',
  about: undefined,
});

describe('what the database tells', () => {
  test.prop([fc.constantFrom(...liveKinds), fc.constantFrom(...liveActions), fc.uuid(), fc.uuid()])(
    'is read as it was written',
    (kind, action, team, id) => {
      expect(parseChange(`${kind} ${action} ${team} ${id}`)).toEqual({
        ...{ kind, action, team, id },
        about: undefined,
      });
      expect(parseChange(`${kind} ${action} - - name`)).toEqual({
        ...{ kind, action, about: 'name' },
        ...{ team: undefined, id: undefined },
      });
    },
  );

  test.prop([fc.string()])('is passed over where this version does not know it', (text) => {
    fc.pre(!liveKinds.some((kind) => text.startsWith(`${kind} `)));
    expect(parseChange(text)).toBeUndefined();
  });
});

describe('several changes of one thing', () => {
  it.each([
    ['created', 'changed', 'created'],
    ['changed', 'removed', 'removed'],
    ['created', 'removed', 'removed'],
    ['removed', 'created', 'changed'],
  ] as const)('%s and %s come to %s', (earlier, later, both) => {
    expect(merged(change(earlier), change(later)).action).toBe(both);
  });
});
