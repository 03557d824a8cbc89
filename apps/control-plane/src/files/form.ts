import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { WrennError } from '@wrenn/core';
import { z } from 'zod';
import { bounded, formParser, wrong } from '../http/form.ts';
import { path, user } from './schemas.ts';

/** An upload by a form, up to the begin of its file. */
export interface FileForm {
  readonly path: string;
  readonly user: string;
  /** What the file holds; breaks where it is cut off, or is larger than was allowed. */
  readonly file: Readable;
}

const place = z.object({ path, user });

/**
 * Reads `multipart/form-data` with the fields `path`, `user` where it is given, and then `file`, whose content is left
 * in the connection until it is read. Throws invalid_request for a form that is none, or in another order.
 */
export async function readForm(request: IncomingMessage, mostBytes: number): Promise<FileForm> {
  const fields = new Map<string, string>();
  const found = Promise.withResolvers<FileForm>();
  const form = formParser(request, { fieldSize: 64 * 1024, files: 1 });
  form.on('field', (name, value) => {
    fields.set(name, value);
  });
  form.on('file', (name, content) => {
    const refuse = (field: string, problem: string) => {
      content.resume();
      found.reject(wrong(field, problem));
    };
    if (name !== 'file' || !fields.has('path')) {
      return refuse('path', 'must come before the one part that is named file');
    }
    const parsed = place.safeParse(Object.fromEntries(fields));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return refuse(issue?.path.join('.') || 'body', issue?.message ?? 'is not valid');
    }
    found.resolve({ ...parsed.data, file: bounded(content, request, { field: 'file', mostBytes }) });
  });
  form.on('finish', () => found.reject(wrong('file', 'is missing')));
  form.on('error', (fault) => found.reject(wrong('body', `is not a whole form: ${String(fault)}`)));
  request.once('close', () => {
    if (!request.complete) found.reject(new WrennError('cancelled', 'the client went away'));
  });
  request.pipe(form);
  return await found.promise;
}
