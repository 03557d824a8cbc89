import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bundleEnvd } from '../build/bundle.ts';
import { startEnvd } from './testing/envd-under-test.ts';
import { runCommand } from './testing/run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'envd-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const digests = (directory: string) =>
  readdirSync(directory).map((name) => [
    name,
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex'),
  ]);

test('the bundle runs from its two files alone, and the same sources give the same bytes', async () => {
  const { files, version } = await bundleEnvd(join(folder, 'one'));
  await bundleEnvd(join(folder, 'two'));
  expect(readdirSync(join(folder, 'one')).toSorted()).toStrictEqual(files.toSorted());
  expect(digests(join(folder, 'two'))).toStrictEqual(digests(join(folder, 'one')));

  await using envd = await startEnvd({ main: join(folder, 'one', 'envd.cjs') });
  const health = await fetch(`${envd.url}/health`);
  expect(await health.json()).toStrictEqual({ version });
  const { stdout } = await runCommand(envd.processes, 'echo', ['hello']);
  expect(stdout.toString()).toBe('hello\n');
});
