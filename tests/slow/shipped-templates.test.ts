import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { client, commandEnvironment } from '../support/client.ts';
import { wrenn } from '../support/command.ts';

/** To install packages in an emulated guest takes minutes. */
const buildMs = 40 * 60_000;
const images = join(import.meta.dirname, '../../images');

/** What each folder builds, and a command that needs what the template adds. */
const shipped = [
  { folder: 'base', template: 'base', script: 'pip --version && npm --version && node -e "process.exit(0)"' },
  { folder: 'node', template: 'node', script: 'npm --version && node -p "6 * 7" | grep -x 42' },
  { folder: 'python', template: 'python', script: 'python -m venv /tmp/v && /tmp/v/bin/pip --version' },
  {
    folder: 'code-interpreter',
    template: 'code-interpreter-v1',
    script: `curl -fsS -H 'content-type: application/json' -d '{"code":"6 * 7"}' localhost:49999/execute | grep -F '"text": "42"'`,
  },
] as const;

describe.each(shipped)('the template $template', ({ folder, template, script }) => {
  const made: string[] = [];
  beforeAll(async () => {
    const built = await wrenn(['template', 'build', '--platform', join(images, folder)], {
      env: commandEnvironment(),
      timeoutMs: buildMs,
    });
    expect(built.code, built.stderr).toBe(0);
    expect(built.stdout.toString().trim()).toBe(template);
  }, buildMs);
  afterAll(async () => {
    for (const id of made) await client().capsules.destroy(id);
  });

  it('is built by one command, and its capsules have what it adds, as the user `user`', async () => {
    const { id } = await client().capsules.create({ template });
    made.push(id);
    const run = (text: string) =>
      client().capsules.exec(id, { cmd: 'sh', args: ['-c', text], timeoutSec: 240 });
    expect((await run('id -un; pwd')).stdout).toBe('user\n/home/user\n');
    const { stdout, stderr, exitCode } = await run(script);
    expect({ exitCode, said: `${stdout}${stderr}` }).toMatchObject({ exitCode: 0 });
  });
});
