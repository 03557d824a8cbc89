import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { parseJson, WrennError } from '@wrenn/core';
import type { z } from 'zod';
import { bounded, formParser, wrong } from '../http/form.ts';
import { submitBody } from './schemas.ts';

type Submission = z.output<typeof submitBody>;

const mostConfigBytes = 1024 * 1024;

/** What was asked for, from JSON. Throws `invalid_request` naming the field. */
export function parseSubmission(value: unknown): Submission {
  const parsed = submitBody.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'body';
  throw new WrennError('invalid_request', `${field}: ${issue?.message ?? 'is not valid'}`, { field });
}

/** Where the archive of a form goes. */
interface ArchiveKeeper<T> {
  readonly keep: (archive: Readable) => Promise<T>;
  /** Takes back what was kept of a form that turned out not to be whole. */
  readonly drop: (kept: T) => Promise<void>;
}

/**
 * Reads `multipart/form-data` with a part `config`, in JSON, and then a part `archive` where there is one, which is kept
 * as it comes.
 */
export async function readSubmissionForm<T>(
  request: IncomingMessage,
  { keep, drop }: ArchiveKeeper<T>,
): Promise<{ readonly submission: Submission; readonly archive: T | undefined }> {
  const form = formParser(request, { fieldSize: mostConfigBytes, files: 3 });
  let config: Promise<Submission> | undefined;
  let kept: Promise<T> | undefined;
  const done = Promise.withResolvers<void>();
  const configure = (text: Promise<string>) => {
    config ??= text.then((value) => parseSubmission(parseJson(value)));
    config.catch(done.reject);
  };
  form.on('field', (name, value) => {
    if (name === 'config') configure(Promise.resolve(value));
  });
  form.on('file', (name, content) => {
    // A client that sends it from a file gives it a name.
    if (name === 'config') return configure(textOf(content));
    const fault = fileFault(name, config, kept);
    if (fault === undefined && config !== undefined) {
      const archive = bounded(content, request, { field: 'archive', mostBytes: Number.POSITIVE_INFINITY });
      // Whoever keeps it has the fault; until then it may break too.
      archive.on('error', () => undefined);
      kept = config.then(() => keep(archive));
      kept.catch((thrown: unknown) => {
        content.resume();
        done.reject(thrown);
      });
    } else {
      content.resume();
      done.reject(fault);
    }
  });
  form.on('finish', () => done.resolve());
  form.on('error', (cause) => done.reject(wrong('body', 'is not a whole form', cause)));
  request.once('close', () => {
    if (!request.complete) done.reject(new WrennError('cancelled', 'the client went away'));
  });
  request.pipe(form);
  try {
    await done.promise;
    if (config === undefined) throw wrong('config', 'is missing');
    return { submission: await config, archive: await kept };
  } catch (thrown) {
    await kept?.then(drop, () => undefined);
    throw thrown;
  }
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > mostConfigBytes) throw new WrennError('too_large', 'config: is too long', { field: 'config' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function fileFault(name: string, config: unknown, kept: unknown): WrennError | undefined {
  if (name !== 'archive') return wrong(name, 'is not a part of this form: it has config and archive');
  if (config === undefined) return wrong('config', 'must come before the archive');
  return kept === undefined ? undefined : wrong('archive', 'comes twice');
}
