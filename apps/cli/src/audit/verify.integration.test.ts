import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const entry = fileURLToPath(new URL('../main.ts', import.meta.url));
const controlPlane = fileURLToPath(new URL('../../../control-plane/src/main.ts', import.meta.url));
let databases: TestDatabases;
let directory: string;
let url: string;

beforeAll(async () => {
  databases = await testDatabases('18', async () => {});
});
afterAll(() => databases?.[Symbol.asyncDispose]());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'verify-'));
  url = await databases.empty();
});
afterEach(() => rm(directory, { recursive: true }));

async function run(argv: readonly string[], place = directory, database = url) {
  const env = { ...process.env, WRENN_DIR: place, DATABASE_URL: database };
  return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [...argv], { env }, (fault, stdout, stderr) => {
      resolve({ code: fault === null ? 0 : Number(fault.code), stdout, stderr });
    });
  });
}
const verify = (flags: readonly string[], place?: string) => run([entry, 'audit', 'verify', ...flags], place);
/** An installation with an administrator, which is what its log tells of. */
const install = (place?: string, database?: string) =>
  run([controlPlane, 'bootstrap', '--first-admin'], place, database);

describe('wrenn audit verify', () => {
  it('finds nothing in a log that nobody touched', async () => {
    await install();
    const { code, stdout } = await verify(['--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ wrong: 0, findings: [] });
    expect((await verify([])).stdout).toContain('are as they were written');
  });

  it('exits with 1 and says where, where the log was written with another key', async () => {
    await install();
    const other = join(directory, 'other');
    await install(other, await databases.empty());
    const { code, stdout } = await verify([], other);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^altered team-\w{25} 1 \(log-\w{25}\): /m);
  });

  it('says what is wrong with how it was called', async () => {
    await install();
    const { code, stderr } = await verify(['--team', 'nonsense']);
    expect(code).toBe(2);
    expect(stderr).toContain('team is not a team ID');
  });
});
