import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deadline, parseJson, WrennError } from '@wrenn/core';
import { z } from 'zod';

const finding = z.object({
  id: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  detail: z.string(),
  remedy: z.string().nullable(),
});
export type Finding = z.infer<typeof finding>;

const diagnosis = z.object({ checks: z.array(finding) });

const hostLimitMs = 60_000;
const apiLimitMs = 5_000;
const health = z.object({ version: z.string() });

/** What the host agent finds on this machine. */
export async function examineHost(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const entry = fileURLToPath(new URL('../../../host-agent/src/main.ts', import.meta.url));
  using limit = deadline(hostLimitMs, 'examining this machine');
  const child = spawn(process.execPath, [entry, 'doctor', '--json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: limit,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', (thrown) => reject(limit.aborted ? limit.reason : thrown));
  child.once('close', resolve);
  const code = await promise;
  const parsed = diagnosis.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.checks;
  throw new WrennError('internal_error', `the host agent's doctor exited with code ${code} and no findings`, {
    cause: parsed.error,
  });
}

/** Whether a Wrenn answers, and of which version. Not a failure if none does: it may just not be started. */
export async function examineApi(baseUrl: string, ownVersion: string): Promise<Finding> {
  const id = 'api';
  const version = await versionOf(baseUrl);
  if (version === undefined) {
    const detail = `no Wrenn answers at ${baseUrl}`;
    return { id, status: 'warn', detail, remedy: 'start it with npm start, or name another one with --url' };
  }
  if (version !== ownVersion) {
    const detail = `Wrenn ${version} answers at ${baseUrl}, and this is ${ownVersion}`;
    return { id, status: 'warn', detail, remedy: 'restart Wrenn, or use the wrenn command of its version' };
  }
  return { id, status: 'ok', detail: `Wrenn ${version} answers at ${baseUrl}`, remedy: null };
}

async function versionOf(baseUrl: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${baseUrl}/health`, { signal: AbortSignal.timeout(apiLimitMs) });
    return health.parse(await response.json()).version;
  } catch {
    // Whatever is wrong there, it is not a Wrenn that answers: that is the finding.
    return undefined;
  }
}
