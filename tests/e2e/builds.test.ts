import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { tarOf } from '../../apps/control-plane/src/builds/archive/testing/make-tar.ts';
import { zipOf } from '../../apps/control-plane/src/builds/archive/testing/make-zip.ts';
import { build, built, capsuleOf, doneIn, leavesNoCapsule, prints, templateName } from '../support/builds.ts';
import { client } from '../support/client.ts';
import { TestSocket } from '../support/socket.ts';

const name = templateName('tools');
const recipe = `
# Whose all this is
USER builder
ENV COLOUR=blue \\
    PLACE=/srv/app
WORKDIR $PLACE/
COPY files/ ./
RUN ./tool.sh >made && echo to the log && echo beside it >&2
`;
const toolScript = '#!/bin/sh\necho "$COLOUR by $(id -un) in $(pwd)"\n';
const tool = { content: toolScript, mode: 0o755 };
const archives = {
  tar: tarOf({ name: 'files/tool.sh', ...tool }, { name: 'files/kind', content: 'tar' }),
  'tar.gz': gzipSync(
    tarOf(
      { name: './files/', type: '5', mode: 0o755 },
      { name: './files/tool.sh', ...tool },
      { name: './files/kind', content: 'tar.gz' },
    ),
  ),
  zip: zipOf([
    { name: 'files/tool.sh', content: toolScript, mode: 0o100755 },
    { name: 'files/kind', content: 'zip' },
  ]),
};

describe('a template with a user, an environment, a folder and files', () => {
  afterAll(() => client().snapshots.delete(name));

  it.each(['zip', 'tar.gz'] as const)('is built from a %s', async (kind) => {
    const other = `${name}-${kind}`;
    const lines = recipe.replace(/^RUN.*/m, '');
    await built({ name: other, recipe: lines, archive: new Uint8Array(archives[kind]) });
    await using capsule = await capsuleOf(other);
    expect(await prints(capsule.id, 'cat kind; ./tool.sh; stat -c %U:%a kind tool.sh')).toBe(
      `${kind}blue by builder in /srv/app\nbuilder:644\nbuilder:755\n`,
    );
    await client().snapshots.delete(other);
  });

  it('is built from a tar, with a log of what its commands write', async () => {
    const done = await built({ name, recipe, archive: new Uint8Array(archives.tar) });
    expect(done.logs?.at(-2)).toMatchObject({
      ...{ phase: 'recipe', line: 8, stdout: 'to the log\n', stderr: 'beside it\n', exit: 0, ok: true },
    });
    await using capsule = await capsuleOf(name);
    expect(await prints(capsule.id, 'cat made; stat -c %U:%a .')).toBe(
      'blue by builder in /srv/app\nbuilder:755\n',
    );
  });

  it('runs commands as that user, in that folder, with that environment', async () => {
    await using capsule = await capsuleOf(name);
    expect(await prints(capsule.id, 'id -un; pwd; echo $COLOUR $PLACE $HOME')).toBe(
      'builder\n/srv/app\nblue /srv/app /home/builder\n',
    );
  });

  it('opens terminals as that user, in that folder, with that environment', async () => {
    await using capsule = await capsuleOf(name);
    await using shell = await TestSocket.open(`/v1/capsules/${capsule.id}/pty`);
    shell.send({ type: 'start' });
    await shell.frame('started');
    shell.type("echo $(id -un) $PWD $COLOUR; echo ov''er\n");
    expect(await shell.outputWith('over\r\n')).toContain('builder /srv/app blue\r\n');
  });

  it('writes and reads files as that user', async () => {
    await using capsule = await capsuleOf(name);
    const { files } = client();
    await files.write(capsule.id, 'mine', 'in the home');
    expect(await files.stat(capsule.id, '/home/builder/mine')).toMatchObject({ owner: 'builder' });
    await expect(files.write(capsule.id, '/root/other', 'x')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('takes every step of a build of the same from the one before', async () => {
    const again = await built({ name, recipe, archive: new Uint8Array(archives.tar) });
    expect(doneIn(again)).toEqual([]);
  });

  it('does one step when the last line is another', async () => {
    const other = `${recipe.trimEnd()} && true\n`;
    const changed = await built({ name, recipe: other, archive: new Uint8Array(archives.tar) });
    expect(doneIn(changed)).toHaveLength(1);
    expect(doneIn(changed)[0]).toMatch(/^RUN .* && true$/);
  });

  it('does every step with no_cache', async () => {
    const other = `${name}-anew`;
    const done = await built({ name: other, recipe: 'USER builder', noCache: true });
    expect(doneIn(done)).toEqual(['USER builder']);
    await client().snapshots.delete(other);
  });

  it('stays when a later build of its name fails', async () => {
    const failed = await build({ name, recipe: 'RUN exit 3' });
    expect(failed).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_request', message: expect.stringContaining('step 2 (line 1, RUN exit 3)') },
      logs: [{}, { line: 1, ok: false, exit: 3 }],
    });
    await leavesNoCapsule(failed);
    await using capsule = await capsuleOf(name);
    expect(await prints(capsule.id, 'cat kind')).toBe('tar');
  });
});
