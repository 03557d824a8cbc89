import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest';
import { AccessControl } from '../access/access-control.ts';
import { capsuleMachine } from '../guest/machine.ts';
import { initialSettings } from '../guest/settings.ts';
import { applyMetadata } from './apply-metadata.ts';

let said: MockInstance;
beforeEach(() => {
  said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => said.mockRestore());

const token = 'the token of the capsule';
const metadata = {
  capsuleId: 'cl-a',
  templateId: 'tpl-a',
  accessTokenHash: createHash('sha512').update(token).digest('hex'),
};

function daemon() {
  const access = new AccessControl('capsule');
  access.replace({ accessToken: token, hostSecret: undefined });
  const writeIdentityFiles = vi.fn();
  // What an earlier machine was.
  const settings = { ...initialSettings('root'), capsuleId: 'cl-parent', templateId: 'tpl-parent' };
  return { settings, access, machine: { ...capsuleMachine(), writeIdentityFiles } };
}

test('what /init said agrees, and nothing happens', () => {
  const one = daemon();
  applyMetadata(one, { capsuleId: 'cl-a', templateId: 'tpl-a' }, metadata);
  expect(one.machine.writeIdentityFiles).not.toHaveBeenCalled();
  expect(said).not.toHaveBeenCalled();
});

test('what /init left out is filled in, in the variables and the files', () => {
  const one = daemon();
  applyMetadata(one, { capsuleId: 'cl-a' }, metadata);
  expect(one.settings).toMatchObject({ capsuleId: 'cl-a', templateId: 'tpl-a' });
  expect(one.machine.writeIdentityFiles).toHaveBeenCalledWith(one.settings);
});

test('what /init said holds, and the difference is logged', () => {
  const one = daemon();
  applyMetadata(one, { capsuleId: 'cl-b', templateId: 'tpl-a' }, metadata);
  expect(one.settings.capsuleId).toBe('cl-parent');
  expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('cl-b'));
});

test('the hash of another token is logged, and the tokens are not', () => {
  const one = daemon();
  one.access.replace({ accessToken: 'a token of its own', hostSecret: undefined });
  applyMetadata(one, { capsuleId: 'cl-a', templateId: 'tpl-a' }, metadata);
  expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('another access token'));
  expect(said).not.toHaveBeenCalledWith(expect.stringContaining('a token of its own'));
});
