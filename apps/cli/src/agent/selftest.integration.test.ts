import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const entry = fileURLToPath(new URL('../main.ts', import.meta.url));
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'selftest-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** `wrenn agent selftest --json` in a directory without images. */
async function selftest(
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    WRENN_DIR: directory,
    WRENN_CACHE_DIR: join(directory, 'cache'),
    ...environment,
  };
  const child = spawn(process.execPath, [entry, 'agent', 'selftest', '--json'], { env });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  const [code] = await once(child, 'close');
  return { code, ...said };
}

describe('wrenn agent selftest', () => {
  it('names the step that went wrong and what to do, and leaves nothing', async () => {
    const { code, stdout, stderr } = await selftest();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/wrenn: host: the guest kernel is not built: .*; run npm start/);
    await expect(access(join(directory, 'selftest'))).rejects.toThrow('ENOENT');
  });

  it('names a setting that is wrong', async () => {
    const { code, stderr } = await selftest({ WRENN_ENGINE: 'fire' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/wrenn: configuration: WRENN_ENGINE: .*docs\/configuration.md/);
  });

  it('does not begin while another one runs on this machine', async () => {
    await using other = createServer();
    other.listen('\0wrenn-selftest');
    await once(other, 'listening');
    const { code, stderr } = await selftest();
    expect(code).toBe(1);
    expect(stderr).toContain('another self-test runs on this machine');
  });
});
