import { join } from 'node:path';
import type { ControlPlaneConfig } from '../config.ts';
import type { Database } from '../db/database.ts';
import { checkPassword } from '../users/password.ts';
import { findUserByEmail } from '../users/store.ts';
import { isNew, makeAdmin } from './make-admin.ts';
import { openRecorder } from './open-recorder.ts';
import { readPasswordFile } from './password-file.ts';

/** Where the first administrator finds their password. */
export interface FirstAdmin {
  readonly admin_email: string;
  readonly admin_password_file: string;
}

/**
 * Makes the administrator of a new installation. Returns them as long as the password that is kept beside the database
 * opens their account.
 */
export async function ensureFirstAdmin(
  config: ControlPlaneConfig,
  database: Database,
): Promise<FirstAdmin | undefined> {
  const { adminEmail: email } = config;
  const passwordFile = passwordFileOf(config, email);
  if (await isNew(database)) {
    const recorder = await openRecorder(config);
    await makeAdmin({ database, recorder }, { email, name: 'Administrator', passwordFile });
  }
  const user = await findUserByEmail(database, email);
  const password = user?.passwordHash === undefined ? undefined : await readPasswordFile(passwordFile);
  if (password === undefined || (await checkPassword(password, user?.passwordHash)) === 'wrong')
    return undefined;
  return { admin_email: email, admin_password_file: passwordFile };
}

/** No two accounts get the same password. */
export function passwordFileOf(
  { directory, adminEmail }: Pick<ControlPlaneConfig, 'directory' | 'adminEmail'>,
  email: string,
): string {
  const name = email === adminEmail ? 'admin-password' : `admin-password-${encodeURIComponent(email)}`;
  return join(directory, name);
}
