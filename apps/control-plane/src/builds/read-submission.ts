import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { parseJson, WrennError } from '@wrenn/core';
import type { z } from 'zod';
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

/**
 * Reads `multipart/form-data` with a field `config`, in JSON, and then a part `archive` where there is one, which is
 * given to `keep` as it comes.
 */
export async function readSubmissionForm<T>(
  request: IncomingMessage,
  keep: (archive: Readable) => Promise<T>,
): Promise<{ readonly submission: Submission; readonly archive: T | undefined }> {
  const form = formOf(request);
  let submission: Submission | undefined;
  let kept: Promise<T> | undefined;
  const done = Promise.withResolvers<void>();
  const configure = (value: string) => {
    try {
      submission = parseSubmission(parseJson(value));
    } catch (thrown) {
      done.reject(thrown);
    }
  };
  form.on('field', (name, value) => {
    if (name === 'config') configure(value);
  });
  form.on('file', (name, content) => {
    // A client that sends it from a file gives it a name.
    if (name === 'config') {
      void textOf(content).then(configure, done.reject);
      return;
    }
    const fault = fileFault(name, submission, kept);
    if (fault === undefined) {
      kept = keep(content);
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
  await done.promise;
  if (submission === undefined) throw wrong('config', 'is missing');
  return { submission, archive: await kept };
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

function fileFault(name: string, submission: Submission | undefined, kept: unknown): WrennError | undefined {
  if (name !== 'archive') return wrong(name, 'is not a part of this form: it has config and archive');
  if (submission === undefined) return wrong('config', 'must come before the archive');
  return kept === undefined ? undefined : wrong('archive', 'comes twice');
}

function formOf(request: IncomingMessage) {
  try {
    return Busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      limits: { fields: 4, fieldSize: mostConfigBytes, files: 3, parts: 8, headerPairs: 32 },
    });
  } catch (cause) {
    throw wrong('content-type', 'names no boundary', cause);
  }
}

function wrong(field: string, problem: string, cause?: unknown): WrennError {
  return new WrennError('invalid_request', `${field}: ${problem}`, { field, cause });
}
