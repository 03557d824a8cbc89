import { symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@wrenn/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StoreFixture } from './testing/store-fixture.ts';

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await StoreFixture.make(1);
});
afterEach(() => fixture[Symbol.asyncDispose]());

it('a link that a VMM put in the place of its device state is not followed', async () => {
  const secret = join(fixture.directory, 'secret');
  const link = join(fixture.directory, 'state');
  await writeFile(secret, 'of the host');
  await symlink(secret, link);
  await using draft = await fixture.store.begin(newId('snapshot'));
  await expect(draft.writeDeviceState(link)).rejects.toMatchObject({ code: 'ELOOP' });
});

it('device state that is larger than any is refused', async () => {
  const state = join(fixture.directory, 'state');
  await writeFile(state, '');
  await truncate(state, 2 ** 40);
  await using draft = await fixture.store.begin(newId('snapshot'));
  await expect(draft.writeDeviceState(state)).rejects.toMatchObject({ code: 'agent_error' });
});
