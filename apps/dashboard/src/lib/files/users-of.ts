import { CapsuleFiles } from './capsule-files.ts';
import { usersIn } from './passwd.ts';

const mostBytes = 64 * 1024;

/** Of a capsule that runs: who its users are. */
export async function usersOf(base: string): Promise<string[]> {
  const { bytes } = await new CapsuleFiles(base, '').begin('/etc/passwd', mostBytes);
  return usersIn(new TextDecoder().decode(bytes));
}
