import { client } from './client.ts';

/** Runs a script in a capsule as root and gives back what it printed; throws when it fails. */
export async function sh(id: string | undefined, script: string): Promise<string> {
  if (id === undefined) throw new Error('there is no capsule');
  const { stdout, stderr, exitCode } = await client().capsules.exec(id, {
    cmd: 'sh',
    args: ['-c', script],
    user: 'root',
  });
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${stderr}`);
  return stdout;
}
