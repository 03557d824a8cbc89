import { parseArgs } from 'node:util';
import { describeError, WrennError } from '@wrenn/core';
import type { z } from 'zod';
import type { ControlPlaneConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrator.ts';
import { emailAddress, personName } from '../http/schemas.ts';
import { passwordFileOf } from './first-admin.ts';
import { makeAdmin } from './make-admin.ts';
import { openRecorder } from './open-recorder.ts';

/** `admin create --email E [--name N] [--password-file F]`; prints the result as one line of JSON. */
export async function adminCommand(
  config: ControlPlaneConfig,
  args: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      email: { type: 'string' },
      name: { type: 'string', default: 'Administrator' },
      'password-file': { type: 'string' },
    },
  });
  if (positionals.join(' ') !== 'create') {
    throw new WrennError('invalid_request', 'admin can only create', {
      remedy: 'admin create --email E [--name N] [--password-file F]',
    });
  }
  const email = checked(emailAddress, 'email', values.email);
  const wanted = {
    email,
    name: checked(personName, 'name', values.name),
    passwordFile: values['password-file'] ?? passwordFileOf(config, email),
  };
  const database = openDatabase(config.databaseUrl, (fault) => {
    process.stderr.write(`database: ${describeError(fault)}\n`);
  });
  try {
    await migrate(database, config.databaseUrl);
    const made = await makeAdmin({ database, recorder: await openRecorder(config) }, wanted);
    const result = {
      user_id: made.userId,
      email: wanted.email,
      ...(made.hasPasswordOfFile ? { password_file: wanted.passwordFile } : {}),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return result;
  } finally {
    await database.destroy();
  }
}

function checked(schema: z.ZodType<string>, field: string, value: unknown): string {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new WrennError('invalid_request', `--${field}: ${parsed.error.issues[0]?.message}`, { field });
}
