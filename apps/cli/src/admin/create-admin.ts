import { z } from 'zod';
import { runTask, type TaskOptions } from '../up/run-task.ts';

const facts = z.object({ user_id: z.string(), email: z.string(), password_file: z.string().optional() });
/** Printed as JSON as it is. */
export type CreatedAdmin = z.output<typeof facts>;

/** Has an administrator made in this machine's installation; `flags` are those of the control plane's own command. */
export async function createAdmin(options: TaskOptions, flags: readonly string[]): Promise<CreatedAdmin> {
  return facts.parse(await runTask(options, ['admin', 'create', ...flags]));
}
