import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, until } from '@wrenn/core';
import { expect, inject, it } from 'vitest';
import { awakeLimit } from '../support/awake-limit.ts';
import { capsule, client } from '../support/client.ts';
import { addressOf, daemonOf, monitorOf } from '../support/guest.ts';
import { sh } from '../support/shell.ts';

/** Runs a program in the background, away from the command that starts it. */
const inBackground = (id: string, program: string, argument: string) =>
  sh(id, `setsid ${program} '${argument}' </dev/null >/dev/null 2>&1 &`);

/** Keeps random bytes in its own memory alone, and says their hash whenever it is asked. */
const keeper = `import hashlib, os
data = os.urandom(3_000_000)
os.mkfifo("/dev/shm/ask"); os.mkfifo("/dev/shm/answer")
while True:
    open("/dev/shm/ask").read()
    with open("/dev/shm/answer", "w") as answer: answer.write(hashlib.sha256(data).hexdigest())
`;
const askKeeper = 'until [ -p /dev/shm/answer ]; do sleep 0.1; done; echo >/dev/shm/ask; cat /dev/shm/answer';

it('memory, processes and files are there after each resume', async () => {
  await using one = await capsule();
  const { capsules } = client();
  await inBackground(one.id, 'python3 -c', keeper);
  await sh(
    one.id,
    'head -c 3000000 /dev/urandom | tee /root/synced /root/unsynced >/dev/shm/kept; sync /root/synced',
  );
  const files = 'sha256sum /root/* /dev/shm/kept';
  const before = { files: await sh(one.id, files), process: await sh(one.id, askKeeper) };
  expect(before.process).toMatch(/^[0-9a-f]{64}$/);
  for (let time = 0; time < 2; time++) {
    const paused = await capsules.pause(one.id);
    expect(paused).toMatchObject({ status: 'paused', memoryBytes: expect.any(Number) });
    expect((await capsules.get(one.id)).status).toBe('paused');
    expect(await capsules.resume(one.id)).toMatchObject({ status: 'running' });
    expect({ files: await sh(one.id, files), process: await sh(one.id, askKeeper) }).toEqual(before);
  }
});

/** Who the capsule is, by all of the ways that it can ask. */
const whoAmI = `hostname; cat /etc/machine-id
cat /run/wrenn/.WRENN_SANDBOX_ID; echo; cat /run/wrenn/.WRENN_TEMPLATE_ID; echo
cat /run/e2b/.E2B_SANDBOX_ID; echo; cat /run/e2b/.E2B_TEMPLATE_ID; echo
echo $WRENN_SANDBOX_ID; echo $WRENN_TEMPLATE_ID; echo $E2B_SANDBOX_ID; echo $E2B_TEMPLATE_ID
metadata=http://169.254.169.254
token=$(curl -sSf -m 10 -X PUT -H 'X-metadata-token-ttl-seconds: 60' $metadata/latest/api/token)
curl -sSf -m 10 -H "X-metadata-token: $token" $metadata/instanceID; echo
curl -sSf -m 10 -H "X-metadata-token: $token" $metadata/envID; echo`;

it('a capsule is who it was, with the template that it had, after one and after two pauses', async () => {
  await using one = await capsule();
  const { capsules } = client();
  const ask = async () => (await sh(one.id, whoAmI)).trimEnd().split('\n');
  const created = await ask();
  const [, machineId = '', capsuleId = '', templateId = ''] = created;
  expect(machineId).toMatch(/^[0-9a-f]{32}$/);
  expect(capsuleId).toBe(one.id);
  expect(templateId).toMatch(/^[\w-]{8,}$/);
  const ids = [one.id, templateId];
  expect(created).toEqual([one.id, machineId, ...ids, ...ids, ...ids, ...ids, ...ids]);
  for (let time = 0; time < 2; time++) {
    await capsules.pause(one.id);
    await capsules.resume(one.id);
    expect(await ask()).toEqual(created);
  }
});

it('files are listed within a second after each of twenty resumes', { timeout: 300_000 }, async () => {
  await using one = await capsule();
  const { capsules } = client();
  await sh(one.id, 'mkdir -p /tmp/listed; touch /tmp/listed/a /tmp/listed/b');
  for (let time = 0; time < 20; time++) {
    // Connections that idle and a request that lasts, of which none may be in the way of the next.
    const { files, processes } = await daemonOf(one.id);
    await Promise.all(Array.from({ length: 5 }, () => files.listDir({ path: '/tmp/listed' })));
    const leave = new AbortController();
    const lasting = drain(processes.start({ process: { cmd: 'sleep', args: ['1000'] } }, leave));
    await capsules.pause(one.id);
    leave.abort();
    await lasting;
    await capsules.resume(one.id);
    const resumed = await daemonOf(one.id);
    using limit = awakeLimit(1_000, 'listing files', await monitorOf(one.id));
    const { entries } = await resumed.files.listDir({ path: '/tmp/listed' }, { signal: limit });
    expect(entries.map(({ name }) => name).sort()).toEqual(['a', 'b']);
  }
});

/** Reads to the end, however the stream comes to it. */
async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of stream);
  } catch {
    // Left, or broken with the machine at its other end.
  }
}

it('a forwarded port is reached again after a resume', async () => {
  await using one = await capsule();
  const { capsules } = client();
  const page = async () => {
    using limit = deadline(30_000, 'waiting for a forwarded port');
    const url = `http://${await addressOf(one.id)}:8000/hello`;
    return await until(() => fetchText(url, limit), 50, limit);
  };
  await sh(one.id, 'mkdir -p /tmp/served; echo hello >/tmp/served/hello');
  await inBackground(one.id, 'python3 -m http.server --bind 127.0.0.1 --directory /tmp/served', '8000');
  expect(await page()).toBe('hello\n');
  await capsules.pause(one.id);
  await capsules.resume(one.id);
  expect(await page()).toBe('hello\n');
});

/** Undefined while nothing answers. */
async function fetchText(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await (await fetch(url, { signal })).text();
  } catch {
    return undefined;
  }
}

it('what a state does not allow is refused, and of two resumes at once one succeeds', async () => {
  await using one = await capsule();
  const { capsules } = client();
  await expect(capsules.resume(one.id)).rejects.toMatchObject({ code: 'invalid_state' });
  await capsules.pause(one.id);
  await expect(capsules.pause(one.id)).rejects.toMatchObject({ code: 'invalid_state' });
  await expect(capsules.exec(one.id, { cmd: 'true' })).rejects.toMatchObject({ code: 'invalid_state' });
  await expect(capsules.ping(one.id)).rejects.toMatchObject({ code: 'invalid_state' });
  const both = await Promise.allSettled([capsules.resume(one.id), capsules.resume(one.id)]);
  const [lost] = both.filter((result) => result.status === 'rejected');
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(['busy', 'invalid_state']).toContain(lost?.reason.code);
  expect(await sh(one.id, 'echo runs')).toBe('runs\n');
});

it('a capsule that is destroyed while it is paused to disk leaves nothing', async () => {
  const { capsules } = client();
  const { directory } = inject('wrenn');
  const onDisk = async () => ({
    capsules: await readdir(join(directory, 'capsules')),
    snapshots: await readdir(join(directory, 'snapshots'), { recursive: true }),
  });
  const before = await onDisk();
  const { id } = await capsules.create();
  await sh(id, 'head -c 30000000 /dev/urandom >/dev/shm/much');
  const paused = capsules.pause(id).catch((thrown: unknown) => thrown);
  await expect.poll(() => destroyed(id)).toBe(true);
  await paused;
  await expect.poll(async () => (await capsules.get(id)).status).toBe('stopped');
  await expect.poll(onDisk).toEqual(before);
});

/** False while another operation is under way. */
async function destroyed(id: string): Promise<boolean> {
  try {
    await client().capsules.destroy(id);
    return true;
  } catch (thrown) {
    if (Reflect.get(Object(thrown), 'code') === 'busy') return false;
    throw thrown;
  }
}

it('a capsule that nobody uses is paused, and resumed by a command when it is to be', async () => {
  const { capsules } = client();
  const created = await capsules.create({ timeoutSec: 2, autoResume: true });
  expect(created).toMatchObject({ timeoutSec: 2, autoResume: true });
  try {
    await sh(created.id, 'echo kept >/dev/shm/kept');
    const status = async () => (await capsules.get(created.id)).status;
    await expect.poll(status).toBe('paused');
    expect((await capsules.get(created.id)).pausedAt).toBeInstanceOf(Date);
    // While it runs its capsule is in use.
    const script = 'cat /dev/shm/kept; exec sleep 600';
    let printed = '';
    for await (const event of capsules.execStream(created.id, { cmd: 'sh', args: ['-c', script] })) {
      if (event.type === 'stdout') printed += Buffer.from(event.data).toString();
      if (!printed.endsWith('\n')) continue;
      expect(await status()).toBe('running');
      break;
    }
    expect(printed).toBe('kept\n');
  } finally {
    await capsules.destroy(created.id);
  }
});
