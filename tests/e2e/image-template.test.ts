import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { built, templateName } from '../support/builds.ts';
import { client } from '../support/client.ts';
import { sh } from '../support/shell.ts';

/** What is written last is only in the guest's memory when its disk becomes an image. */
const recipe = `
USER root
WORKDIR /srv
ENV GREETING=hello
RUN (setsid sleep 4242 >/dev/null 2>&1 &)
RUN head -c 30000000 /dev/urandom >/srv/large && sha256sum /srv/large >/srv/sum
`;

const name = templateName('image');
const images = join(inject('wrenn').directory, 'root-images');

/** Returns the name of its image on the host; no other test makes one meanwhile. */
async function buildImage(template: string): Promise<string> {
  const before = await readdir(images);
  await built({ name: template, recipe, result: 'image' });
  const [image = '', ...others] = (await readdir(images)).filter((each) => !before.includes(each));
  expect([image, others]).toEqual([expect.stringMatching(/^img-/), []]);
  return image;
}

let image = '';
beforeAll(async () => {
  image = await buildImage(name);
});
afterAll(async () => {
  const left = await client().snapshots.list();
  if (left.some((each) => each.name === name)) await client().snapshots.delete(name);
});

async function capsuleOf(
  shape: { readonly vcpus: number; readonly memoryMb: number } = { vcpus: 1, memoryMb: 512 },
  template = name,
) {
  const { capsules } = client();
  const { id } = await capsules.create({ template, ...shape });
  return { id, [Symbol.asyncDispose]: () => capsules.destroy(id) };
}
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Each shape is booted once, and a build before it, on what may be a busy machine. */
const bootsMs = 400_000;

const works =
  'touch /tmp/x /dev/shm/x && getent hosts $(hostname) >/dev/null && read -r _ </proc/uptime && echo works';

it('the image is a file system without a fault, once its journal is played back as by a mount', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'image-template-'));
  try {
    const copy = join(folder, 'disk');
    run('cp', '--sparse=always', join(images, image, 'rootfs.ext4'), copy);
    run('e2fsck', '-y', '-E', 'journal_only', copy);
    expect(run('e2fsck', '-f', '-n', copy)).not.toMatch(/fix|error|warning/i);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('capsules of any shape boot from it, with all that was written and nothing that ran', {
  timeout: bootsMs,
}, async () => {
  for (const shape of [
    { vcpus: 1, memoryMb: 512 },
    { vcpus: 2, memoryMb: 640 },
  ]) {
    await using capsule = await capsuleOf(shape);
    const { id } = capsule;
    expect(await client().capsules.get(id)).toMatchObject({ template: name, ...shape });
    expect(await sh(id, 'nproc; whoami; pwd; echo $GREETING')).toBe(`${shape.vcpus}\nroot\n/srv\nhello\n`);
    expect(await sh(id, 'sha256sum -c /srv/sum')).toBe('/srv/large: OK\n');
    expect(await sh(id, 'pgrep -x sleep || echo none')).toBe('none\n');
    expect(await sh(id, 'dmesg | grep -iE "ext4.*(error|warning|corrupt)" || echo none')).toBe('none\n');
    expect(
      await sh(id, 'touch /tmp/x /dev/shm/x && ls /proc/self/status && getent hosts $(hostname)'),
    ).toContain('/proc/self/status');
  }
});

it('one without folders to mount anything on, and without the files of an identity, boots all the same', {
  timeout: bootsMs,
}, async () => {
  const bare = templateName('bare');
  const disk = join(images, await buildImage(bare), 'rootfs.ext4');
  try {
    run('e2fsck', '-y', '-E', 'journal_only', disk);
    for (const folder of ['tmp', 'proc', 'sys', 'dev', 'run'])
      run('debugfs', '-w', '-R', `rmdir ${folder}`, disk);
    for (const file of ['hostname', 'hosts', 'machine-id', 'resolv.conf'])
      run('debugfs', '-w', '-R', `rm etc/${file}`, disk);
    expect(run('debugfs', '-R', 'ls -p /', disk)).not.toMatch(/\/(tmp|proc)\//);
    await using capsule = await capsuleOf({ vcpus: 1, memoryMb: 512 }, bare);
    expect(await sh(capsule.id, works)).toBe('works\n');
    expect(await sh(capsule.id, 'sha256sum -c /srv/sum')).toBe('/srv/large: OK\n');
  } finally {
    await client().snapshots.delete(bare);
  }
});

it('two of them are strangers, although they come of one boot', async () => {
  await using one = await capsuleOf();
  await using other = await capsuleOf();
  const about = 'cat /etc/machine-id; hostname; head -c 16 /dev/urandom | base64';
  const [first, second] = [await sh(one.id, about), await sh(other.id, about)];
  for (const [index, line] of first.trim().split('\n').entries())
    expect(second.split('\n')[index]).not.toBe(line);
});

it('its capsules outlive it, paused and copied, and its host keeps it for them and no longer', async () => {
  const { capsules, snapshots } = client();
  const { id } = await capsules.create({ template: name });
  await sh(id, 'echo kept >/srv/own; echo kept >/dev/shm/own');
  const taken = await snapshots.create({ capsuleId: id });
  await capsules.pause(id);
  await snapshots.delete(name);
  await expect(capsules.create({ template: name })).rejects.toMatchObject({ code: 'not_found' });
  await capsules.resume(id);
  expect(await sh(id, 'cat /srv/own /dev/shm/own; sha256sum -c /srv/sum')).toBe(
    'kept\nkept\n/srv/large: OK\n',
  );
  await capsules.destroy(id);
  const copy = await capsules.create({ template: taken.name });
  await snapshots.delete(taken.name);
  expect(await sh(copy.id, 'cat /srv/own; sha256sum -c /srv/sum')).toBe('kept\n/srv/large: OK\n');
  expect(await readdir(images)).toContain(image);
  await capsules.destroy(copy.id);
  expect(await readdir(images)).not.toContain(image);
  const booted = await readdir(join(inject('wrenn').directory, 'templates'));
  expect(booted.filter((each) => each.startsWith(image))).toEqual([]);
});
