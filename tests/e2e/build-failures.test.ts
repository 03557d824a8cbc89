import { describe, expect, it } from 'vitest';
import { type TarMember, tarOf } from '../../apps/control-plane/src/builds/archive/testing/make-tar.ts';
import { zipOf } from '../../apps/control-plane/src/builds/archive/testing/make-zip.ts';
import { fails, lastStep, templateName } from '../support/builds.ts';
import { client } from '../support/client.ts';

/** Not whoever looks for it. */
const endDaemon = "kill -9 $(pgrep -f 'envd[.]cjs'); sleep 600";
/** Takes the whole disk, without anything being written to the disk of the machine. */
const fill = 'fallocate -l $(($(df --output=avail -B1 / | tail -1) - 65536)) /all';

describe('a step that goes wrong ends the build at its line, and leaves nothing', () => {
  it.each([
    ['a command that fails', 'RUN exit 7', { code: 'invalid_request', message: 'it exited with 7' }],
    [
      'a command that never ends',
      'RUN --timeout=3s sleep infinity',
      { code: 'deadline_exceeded', message: 'longer than 3 s' },
    ],
    [
      'a command that fills the disk',
      `RUN ${fill}; cat /dev/zero >/more`,
      { code: 'invalid_request', message: 'it exited with 1' },
    ],
    [
      'a command that is a fork bomb',
      `RUN --timeout=5s f() { f | f & }; f; sleep 60`,
      { code: 'deadline_exceeded', message: 'longer than 5 s' },
    ],
    [
      'a command that ends the daemon of its capsule',
      `RUN ${endDaemon}`,
      { code: 'invalid_state', message: 'the capsule ended' },
    ],
    [
      'a start command that ends',
      'START true',
      { code: 'invalid_request', message: 'the start command ended' },
    ],
  ])('%s', async (_what, line, { code, message }) => {
    const failed = await fails({
      ...{ name: templateName('bad'), recipe: `USER root\n${line}` },
    });
    expect(failed.error).toMatchObject({ code, message: expect.stringContaining(message) });
    const isStart = line.startsWith('START');
    const where = isStart ? 'step 3 (start /bin/sh -c true)' : `step 3 (line 2, ${line.slice(0, 40)}`;
    expect(failed.error?.message).toContain(where);
    expect(lastStep(failed)).toMatchObject({ step: 3, ok: false, notes: [] });
  });

  it('a copy of what is not there, before the steps ahead of it are done', async () => {
    const recipe = 'ENV A=1\nRUN echo $A\nCOPY here missing /there/';
    const archive = new Uint8Array(tarOf({ name: 'here', content: 'x' }));
    const failed = await fails({ name: templateName('bad'), recipe, archive });
    expect(failed.error).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/^step 4 \(line 3, COPY here missing \/there\/\): .*missing/),
    });
    expect(lastStep(failed)).toMatchObject({ phase: 'base' });
  });

  it('a copy of what another stage does not have', async () => {
    const recipe = 'FROM template:minimal AS first\nFROM template:minimal\nCOPY --from=first /no/such* /';
    const failed = await fails({ name: templateName('bad'), format: 'dockerfile', recipe });
    expect(failed.error?.message).toBe(
      'step 3 (line 3, COPY --from=first /no/such* /): copying: there is no /no/such*',
    );
  });

  it('a user that a Dockerfile names and its image does not have', async () => {
    const recipe = 'FROM template:minimal\nUSER nobody-here\nRUN true';
    const failed = await fails({ name: templateName('bad'), format: 'dockerfile', recipe });
    expect(failed.error).toMatchObject({
      code: 'invalid_request',
      message: 'step 2 (line 2, USER nobody-here): there is no user "nobody-here" in the image',
    });
  });

  it('a copy onto a disk that is full', async () => {
    const archive = new Uint8Array(tarOf({ name: 'large', content: 'x'.repeat(1_000_000) }));
    const failed = await fails({
      name: templateName('bad'),
      recipe: `USER root\nRUN ${fill}\nCOPY large /`,
      archive,
    });
    expect(failed.error?.message).toContain('step 4 (line 3, COPY large /): ');
    expect(failed.error?.message).toMatch(/no space/i);
  });

  it('a healthcheck that is never passed', async () => {
    const recipe = 'START sleep infinity\nHEALTHCHECK --interval=1s --retries=1 echo too bad; exit 4';
    const failed = await fails({ name: templateName('bad'), recipe });
    expect(failed.error).toMatchObject({
      code: 'deadline_exceeded',
      message: expect.stringContaining('the healthcheck failed 2 times: it exited with 4'),
    });
    expect(lastStep(failed)?.notes.join()).toContain('too bad');
  });

  it('a build that takes longer than it may', async () => {
    const failed = await fails({ name: templateName('bad'), recipe: 'RUN sleep infinity', timeoutSec: 5 });
    expect(failed.error).toMatchObject({ code: 'deadline_exceeded' });
  });
});

describe('an archive is refused that', () => {
  const link = (target: string): TarMember => ({ name: 'link', type: '2', link: target });
  it.each([
    ['has a path that leads out of it', tarOf({ name: '../out', content: 'x' }), 'leads out'],
    ['has an absolute path', tarOf({ name: '/etc/passwd', content: 'x' }), 'absolute'],
    ['has a path that leads out of it, in a zip', zipOf([{ name: 'a/../../out', content: 'x' }]), 'out'],
    ['writes through a link', tarOf(link('/etc'), { name: 'link/passwd', content: 'x' }), 'link'],
    [
      'has a link that leads out of it',
      tarOf({ name: 'hard', type: '1', link: '../../etc/shadow' }),
      'leads out',
    ],
    ['has a device', tarOf({ name: 'null', type: '3' }), 'device'],
    ['is a bomb', zipOf([{ name: 'bomb', content: Buffer.alloc(64 * 1024 * 1024) }]), 'unpack'],
    ['is no archive', Buffer.from('#!/bin/sh\n'), 'archive'],
  ])('%s', async (_what, archive, why) => {
    const failed = await fails({
      name: templateName('bad'),
      recipe: 'COPY . /',
      archive: new Uint8Array(archive),
    });
    expect(failed.error).toMatchObject({ field: 'archive', message: expect.stringContaining(why) });
    expect(failed.error?.message).toContain('step 2 (line 1, COPY . /): the archive is refused');
  });
});

describe('a recipe is refused before anything is done', () => {
  it.each([
    ['with an instruction that is not known', 'RUN true\nRNU false', 'line 2'],
    ['that copies where there is nothing to copy from', 'COPY a /a', 'files'],
    ['without an instruction', '# nothing', ''],
  ])('%s', async (_what, recipe, message) => {
    const submitted = client().builds.submit({ name: templateName('bad'), recipe });
    await expect(submitted).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(message),
    });
  });
});
