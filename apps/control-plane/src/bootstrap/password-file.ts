import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import { newPassword } from '../users/password.ts';

/** The password in the file; undefined where there is no such file. */
export async function readPasswordFile(path: string): Promise<string | undefined> {
  const text = await read(path);
  if (text === undefined) return undefined;
  const parsed = newPassword.safeParse(text.replace(/\r?\n$/, ''));
  if (parsed.success) return parsed.data;
  throw new WrennError('invalid_request', `${path} holds no password: ${parsed.error.issues[0]?.message}`, {
    field: 'password-file',
  });
}

/** The password in the file, where a random one is put if there is no such file. */
export async function ensurePasswordFile(path: string): Promise<string> {
  const found = await readPasswordFile(path);
  if (found !== undefined) return found;
  const password = randomBytes(18).toString('base64url');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.partial`, `${password}\n`, { mode: 0o600 });
  await rename(`${path}.partial`, path);
  return password;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
