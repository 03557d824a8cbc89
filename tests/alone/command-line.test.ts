import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { client, commandEnvironment } from '../support/client.ts';
import { complaintsIn, wrenn } from '../support/command.ts';

const env = commandEnvironment();

describe('wrenn run', () => {
  it("prints the guest's kernel, not the host's, and exits with the command's code", async () => {
    const { code, stdout } = await wrenn(['run', '--', 'sh', '-c', 'uname -r; exit 42'], { env });
    expect(code).toBe(42);
    expect(stdout.toString().trim()).toMatch(/^\d+\.\d+\.\d+-.*amd64$/);
    expect(stdout.toString().trim()).not.toBe(release());
  });

  it('passes input, output and errors through byte for byte', async () => {
    const input = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256));
    const { code, stdout, stderr } = await wrenn(['run', '--', 'sh', '-c', 'cat; echo oops >&2'], {
      env,
      input,
    });
    expect(code).toBe(0);
    expect(stdout).toEqual(input);
    expect(stderr).toContain('oops');
  });

  it('exits with 127 for an unknown command', async () => {
    expect((await wrenn(['run', '--', 'no-such-command'], { env })).code).toBe(127);
  });

  it('leaves no capsule behind', async () => {
    const before = await client().capsules.list();
    await wrenn(['run', '--', 'true'], { env });
    expect(await client().capsules.list()).toEqual(before);
  });
});

describe('wrenn file', () => {
  it('copies files in and out, lists, makes, moves and removes them', async () => {
    const { id } = await client().capsules.create();
    const here = await mkdtemp(join(tmpdir(), 'wrenn-file-'));
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await wrenn(['file', ...args], { env });
      expect({ code, complaints: complaintsIn(stderr) }).toEqual({ code: 0, complaints: '' });
      return stdout.toString();
    };
    try {
      const bytes = randomBytes(100_000);
      await writeFile(join(here, 'data'), bytes);
      await writeFile(join(here, 'empty'), '');
      await run('mkdir', `${id}:work/deep`);
      await run('cp', join(here, 'data'), `${id}:work/deep/`);
      await run('cp', join(here, 'empty'), `${id}:work/deep/none`);
      await run('mv', `${id}:work/deep/data`, 'work/moved');
      expect(await run('ls', `${id}:work`)).toMatch(
        /^drwx\S+ user user +\d+ \S+ \S+ deep\n-rw\S+ user user +100000 .* moved\n$/,
      );
      await run('cp', `${id}:work/moved`, here);
      expect(await readFile(join(here, 'moved'))).toEqual(bytes);
      await run('rm', `${id}:work`);
      const gone = await wrenn(['file', 'cp', `${id}:work/moved`, join(here, 'nothing')], { env });
      expect(gone.code).not.toBe(0);
      expect(gone.stderr).toContain('does not exist');
      expect((await readdir(here)).toSorted()).toEqual(['data', 'empty', 'moved']);
      expect((await wrenn(['file', 'cp', 'a', 'b'], { env })).stderr).toContain('cl-…:PATH');
    } finally {
      await rm(here, { recursive: true });
      await client().capsules.destroy(id);
    }
  });
});

describe('wrenn capsule', () => {
  it('creates, lists, runs in and removes capsules', async () => {
    const created = await wrenn(['capsule', 'create', '--json'], { env });
    expect(created.code).toBe(0);
    const { id } = JSON.parse(created.stdout.toString());
    const listed = await wrenn(['capsule', 'ls', '--json'], { env });
    expect(JSON.parse(listed.stdout.toString())).toContainEqual(expect.objectContaining({ id }));
    const ran = await wrenn(['capsule', 'exec', id, '--', 'sh', '-c', 'echo in it; exit 7'], { env });
    expect([ran.code, ran.stdout.toString()]).toEqual([7, 'in it\n']);
    expect((await wrenn(['capsule', 'rm', id], { env })).code).toBe(0);
  });

  it('pauses, resumes and forks capsules, and starts others from their snapshots', async () => {
    const made = new Set<string>();
    const lines = async (...args: string[]) => {
      const { code, stdout, stderr } = await wrenn(args, { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout.toString().trimEnd().split('\n');
    };
    const capsuleFrom = async (...args: string[]) => {
      const [id = ''] = await lines('capsule', ...args);
      made.add(id);
      return id;
    };
    const rowOf = async (name: string, ...list: string[]) =>
      (await lines(...list)).find((line) => line.startsWith(`${name} `));
    const read = (id: string) => lines('capsule', 'exec', id, '--', 'cat', '/dev/shm/kept');
    const name = `cli-${process.pid}`;
    try {
      const id = await capsuleFrom('create');
      await lines('capsule', 'exec', id, '--', 'sh', '-c', 'echo in memory >/dev/shm/kept');
      expect(await lines('capsule', 'pause', id)).toEqual([id]);
      expect(await rowOf(id, 'capsule', 'ls')).toContain(' paused ');
      expect(await lines('capsule', 'resume', id)).toEqual([id]);
      expect(await rowOf(id, 'capsule', 'ls')).toContain(' running ');
      expect(await read(id)).toEqual(['in memory']);

      expect(await read(await capsuleFrom('fork', id))).toEqual(['in memory']);

      expect(await lines('snapshot', 'create', id, name)).toEqual([name]);
      expect(await rowOf(name, 'snapshot', 'ls', '--type', 'snapshot')).toMatch(/ team +1 +512 MiB /);
      expect(await read(await capsuleFrom('create', '--template', name))).toEqual(['in memory']);
      expect(await lines('snapshot', 'rm', name)).toEqual([name]);
      expect(await rowOf(name, 'snapshot', 'ls')).toBeUndefined();
    } finally {
      await wrenn(['snapshot', 'rm', name], { env });
      if (made.size > 0)
        expect((await lines('capsule', 'rm', ...made)).toSorted()).toEqual([...made].toSorted());
    }
  });

  it('exits with 5 for a capsule that is not there, with the reason on standard error', async () => {
    const { code, stderr } = await wrenn(['capsule', 'exec', `cl-${'0'.repeat(24)}1`, '--', 'true'], { env });
    expect(code).toBe(5);
    expect(stderr).toContain('no capsule');
  });

  it('exits with 3 when no server answers, and says what to do', async () => {
    const nobody = { ...env, WRENN_BASE_URL: 'http://127.0.0.1:1' };
    const { code, stderr } = await wrenn(['capsule', 'ls'], { env: nobody });
    expect(code).toBe(3);
    expect(stderr).toContain('npm start');
  });

  it('exits with 4 with a wrong key', async () => {
    const wrong = { ...env, WRENN_API_KEY: `wrn_${'0'.repeat(32)}` };
    expect((await wrenn(['capsule', 'ls'], { env: wrong })).code).toBe(4);
  });
});

it('wrenn doctor prints its checks as JSON, each with a remedy where it is not well', async () => {
  const { stdout } = await wrenn(['doctor', '--json'], { env });
  const { checks } = JSON.parse(stdout.toString());
  expect(checks.length).toBeGreaterThan(5);
  for (const check of checks) {
    expect(check).toMatchObject({
      id: expect.any(String),
      status: expect.stringMatching(/^(ok|warn|fail)$/),
    });
    if (check.status !== 'ok') expect(check.remedy).not.toBe('');
  }
});
