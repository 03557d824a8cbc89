import { until } from '@wrenn/core';
import { mailsTo } from './mailbox.ts';

const mailMs = 60_000;

/** The newest link to `path` that an address was mailed; waits for the mail. */
export async function linkMailedTo(folder: string, email: string, path: string): Promise<string> {
  const pattern = new RegExp(`http://127\\.0\\.0\\.1:\\d+${path}\\?token=[\\w-]+`, 'g');
  return await until(
    async () => (await mailsTo(folder, email)).flatMap((mail) => mail.match(pattern) ?? []).at(-1),
    100,
    AbortSignal.timeout(mailMs),
  );
}
