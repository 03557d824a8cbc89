import type { Build, BuildStep, SubmitOptions } from '@wrenn/sdk';
import { expect } from 'vitest';
import { client } from './client.ts';

/** Names are one per team, and these tests run more than once on one installation. */
export const templateName = (what: string) => `${what}-${crypto.randomUUID().slice(0, 8)}`;

/** Does a build to its end, and gives it back with its log. Without what costs time and is not asked for. */
export async function build(options: SubmitOptions): Promise<Build> {
  const { builds } = client();
  const { id } = await builds.submit({ skipPrePost: true, ...options });
  return await ended(id);
}

export async function ended(id: string): Promise<Build> {
  const { builds } = client();
  for await (const event of builds.follow(id)) if (event.type === 'over') break;
  return await builds.get(id);
}

/** One that has a template in the end; else its log is in the message. */
export async function built(options: SubmitOptions): Promise<Build> {
  const done = await build(options);
  if (done.status !== 'success') throw new Error(`${done.error?.message}\n${JSON.stringify(done.logs)}`);
  await leavesNoCapsule(done);
  return done;
}

/** One that has none: nothing of its name is there, no capsule of it is left, and its log says at which line. */
export async function fails(options: SubmitOptions): Promise<Build> {
  const done = await build(options);
  expect(done).toMatchObject({ status: 'failed' });
  await leavesNoCapsule(done);
  const names = (await client().snapshots.list()).map(({ name }) => name);
  expect(names).not.toContain(options.name);
  return done;
}

/** Whether a capsule of the build is there, of those that are not over. */
export async function capsulesOf({ id }: Pick<Build, 'id'>): Promise<string[]> {
  const running = await client().capsules.list();
  return running.filter(({ metadata }) => metadata['build'] === id).map((capsule) => capsule.id);
}

export async function leavesNoCapsule(done: Pick<Build, 'id'>): Promise<void> {
  expect(await capsulesOf(done)).toEqual([]);
}

/** The steps of the recipe itself that were done and not taken from an earlier build. */
export function doneIn({ logs = [] }: Build): string[] {
  return logs.filter(({ phase, cached }) => phase === 'recipe' && cached === false).map(({ cmd }) => cmd);
}

export function lastStep({ logs = [] }: Build): BuildStep | undefined {
  return logs.at(-1);
}

/** A capsule of a template, for the length of a block. */
export async function capsuleOf(template: string): Promise<{ readonly id: string } & AsyncDisposable> {
  const { capsules } = client();
  const { id } = await capsules.create({ template });
  return { id, [Symbol.asyncDispose]: () => capsules.destroy(id) };
}

/** What a shell script prints in it, as whoever and wherever its template says. */
export async function prints(id: string, script: string): Promise<string> {
  const { stdout, stderr, exitCode } = await client().capsules.exec(id, { cmd: 'sh', args: ['-c', script] });
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${stderr}`);
  return stdout;
}
