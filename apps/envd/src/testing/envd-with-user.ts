import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EnvdUnderTest, startEnvd } from './envd-under-test.ts';

export interface EnvdWithUser extends AsyncDisposable {
  readonly envd: EnvdUnderTest;
  /** The home of `user`, who has the user and group ID `uid`. */
  readonly home: string;
  readonly uid: number;
  /** Root's own; everybody may look in. */
  readonly rootFolder: string;
}

const uid = 1000;

/**
 * The daemon of this machine with accounts of its own: root, whose requests are the default, and `user`. `script` is
 * run before it, with its folder of mounts to itself and that of the test as $1.
 */
export async function startEnvdWithUser({
  script = 'true',
  flags,
}: {
  readonly script?: string;
  readonly flags?: readonly string[];
} = {}): Promise<EnvdWithUser> {
  const folder = mkdtempSync(join(tmpdir(), 'envd-user-'));
  const [etc, home, rootFolder] = [join(folder, 'etc'), join(folder, 'home'), join(folder, 'root')];
  for (const each of [etc, home, rootFolder]) mkdirSync(each);
  chmodSync(folder, 0o755);
  chownSync(home, uid, uid);
  writeFileSync(join(etc, 'passwd'), `root:x:0:0::/root:/bin/sh\nuser:x:${uid}:${uid}::${home}:/bin/sh\n`);
  writeFileSync(join(etc, 'group'), `root:x:0:\nuser:x:${uid}:\n`);
  const prepare = `mount --bind "$1/etc" /etc && { ${script}; } && shift && exec "$@"`;
  const started = startEnvd({
    ...(flags === undefined ? {} : { flags }),
    before: ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', prepare, 'sh', folder],
  });
  const envd = await started.catch((thrown: unknown) => {
    rmSync(folder, { recursive: true });
    throw thrown;
  });
  return {
    envd,
    home,
    uid,
    rootFolder,
    async [Symbol.asyncDispose]() {
      await envd[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
