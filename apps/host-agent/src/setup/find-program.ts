import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@wrenn/core';

/** Services are often started with a PATH that lacks the folders of system programs. */
const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The full path of a program, or undefined where there is none. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of [...(process.env['PATH']?.split(':') ?? []), ...systemFolders]) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch (thrown) {
      const code = systemCode(thrown);
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') throw thrown;
    }
  }
  return undefined;
}
