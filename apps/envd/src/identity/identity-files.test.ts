import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeIdentityFiles } from './identity-files.ts';

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'envd-run-'));
});
afterEach(() => rmSync(run, { recursive: true }));

const filesIn = (folder: string) =>
  Object.fromEntries(
    readdirSync(join(run, folder))
      .toSorted()
      .map((name) => [name, readFileSync(join(run, folder, name), 'utf8')]),
  );

test('the files are those of the later capsule, for everybody to read', () => {
  mkdirSync(join(run, 'wrenn'));
  writeIdentityFiles({ capsuleId: 'cl-the-parent', templateId: 'the-other-template' }, run);
  writeIdentityFiles({ capsuleId: 'cl-a', templateId: 'template' }, run);
  expect(filesIn('wrenn')).toEqual({ '.WRENN_SANDBOX_ID': 'cl-a', '.WRENN_TEMPLATE_ID': 'template' });
  expect(statSync(join(run, 'wrenn', '.WRENN_SANDBOX_ID')).mode & 0o777).toBe(0o644);
});

test('what is not known is not there, rather than empty', () => {
  mkdirSync(join(run, 'wrenn'));
  writeIdentityFiles({ capsuleId: 'cl-a', templateId: undefined }, run);
  expect(Object.keys(filesIn('wrenn'))).toEqual(['.WRENN_SANDBOX_ID']);
});

test('a machine without the folder is left as it is', () => {
  writeIdentityFiles({ capsuleId: 'cl-a', templateId: 'template' }, run);
  expect(readdirSync(run)).toEqual([]);
});
