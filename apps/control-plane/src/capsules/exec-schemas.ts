import { WrennError } from '@wrenn/core';
import { z } from 'zod';
import { text } from '../http/schemas.ts';
import { envs } from './schemas.ts';

/** What a process is found by; it also stands in paths. */
export const tag = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'is not a tag');
/** One that is given to a process. */
const newTag = tag.regex(/[^0-9]/, 'must not be digits alone, which stand for a process ID in a path');

/** The most that is kept of each stream of a command in the foreground. */
export const outputCapBytes = 8 * 1024 * 1024;
const mostStdinBytes = 16 * 1024 * 1024;
/** Base64 of that, the other fields, and JSON's escapes of what is mostly plain text. */
export const execBodyBytes = 32 * 1024 * 1024;
const longestSec = 86_400;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const execBody = z.strictObject({
  cmd: text(65_536).min(1).describe('The program. There is no shell around it; for one, run `sh` with `-c`.'),
  args: z.array(text(131_072)).max(4096).default([]),
  cwd: text(4096).default('').describe("By default the user's home."),
  envs: envs.default({}),
  user: text(64).default('').describe("By default the template's user."),
  timeout_sec: z
    .int()
    .min(0)
    .max(longestSec)
    .default(30)
    .describe('Then the command is killed. 0 is no limit, for a stream only.'),
  stdin: z
    .string()
    .max(Math.ceil((mostStdinBytes * 4) / 3) + 4)
    .default('')
    .describe('What the command reads, 16 MiB at most; then it sees the end of the file.'),
  stdin_encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
  background: z
    .boolean()
    .default(false)
    .describe(
      'Answers 202 as soon as the command runs, which goes on by itself: without input, limit or `stdin`.',
    ),
  tag: newTag
    .optional()
    .describe(
      'What a command in the background is found by, beside its ID; by default `proc-` and eight digits.',
    ),
});
export type ExecBody = z.output<typeof execBody>;

export const backgroundResult = z
  .object({ sandbox_id: z.string(), cmd: z.string(), pid: z.int(), tag: z.string() })
  .meta({ id: 'BackgroundProcess' });

export const execResult = z
  .object({
    sandbox_id: z.string(),
    cmd: z.string(),
    stdout: z.string(),
    stderr: z.string(),
    encoding: z
      .enum(['utf-8', 'base64'])
      .describe('Of both streams; `base64` when either is not valid UTF-8.'),
    exit_code: z
      .int()
      .describe('As a shell gives it: 127 not found, 128 + n ended by signal n, 124 timed out.'),
    outcome: z
      .enum(['exited', 'killed', 'timed_out', 'lost'])
      .describe('`lost`: the way to the capsule broke, so whether the command ended is not known.'),
    duration_ms: z.number(),
    stdout_truncated: z.boolean().describe('Whether more than 8 MiB came, of which the first are here.'),
    stderr_truncated: z.boolean(),
  })
  .meta({ id: 'ExecResult' });

/** Each line of a stream. */
export const execEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('start'), pid: z.int() }),
    z.object({ type: z.literal('stdout'), data: z.string().describe('base64') }),
    z.object({ type: z.literal('stderr'), data: z.string().describe('base64') }),
    z.object({
      type: z.literal('end'),
      exit_code: z.int(),
      outcome: z.enum(['exited', 'killed', 'timed_out', 'lost']),
      error: z.string().optional(),
    }),
  ])
  .meta({ id: 'ExecEvent' });
export type ExecEvent = z.output<typeof execEvent>;

export function stdinBytes({ stdin, stdin_encoding: encoding }: ExecBody): Uint8Array<ArrayBuffer> {
  if (encoding === 'base64' && !base64.test(stdin)) {
    throw new WrennError('invalid_request', 'stdin: is not base64', { field: 'stdin' });
  }
  const bytes = Buffer.from(stdin, encoding === 'base64' ? 'base64' : 'utf8');
  if (bytes.length > mostStdinBytes) {
    throw new WrennError('too_large', `stdin: has ${bytes.length} bytes, and ${mostStdinBytes} are allowed`, {
      field: 'stdin',
      remedy: 'write larger input to a file in the capsule first',
    });
  }
  return new Uint8Array(bytes);
}
