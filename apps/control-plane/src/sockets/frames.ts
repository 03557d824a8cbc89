import { WrennError } from '@wrenn/core';
import type { z } from 'zod';
import type { Message } from './channel.ts';

/** The JSON of a text message; throws invalid_request for anything else. */
export function parseFrame(message: Message): unknown {
  if (message.kind === 'binary') throw wrong('a frame of text is wanted here, and this one is binary');
  try {
    return JSON.parse(message.text);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw wrong('a frame is not JSON', cause);
    throw cause;
  }
}

/** A text message as what `schema` says; throws invalid_request that names the field. */
export function readFrame<T extends z.ZodType>(schema: T, message: Message): z.output<T> {
  const parsed = schema.safeParse(parseFrame(message));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'frame';
  throw new WrennError('invalid_request', `${field}: ${issue?.message ?? 'is not valid'}`, { field });
}

function wrong(message: string, cause?: unknown): WrennError {
  return new WrennError('invalid_request', message, { field: 'frame', cause });
}
