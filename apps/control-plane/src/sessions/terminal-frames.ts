import { z } from 'zod';
import { tag } from '../capsules/exec-schemas.ts';
import { envs } from '../capsules/schemas.ts';
import { text } from '../http/schemas.ts';
import { base64 } from './base64.ts';

const side = z.int().min(0).max(65_535);
/** A name that a client gives itself, to be known again after its connection broke. */
const writer = z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, dashes and underscores');
const frameNumber = z.int().min(1);

/** How output comes: as base64 in JSON, or as binary messages of an 8 byte number and the bytes. */
const output = z.enum(['base64', 'binary']).default('base64');

/** The first frame of a terminal's socket. */
export const openFrame = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('start'),
    cmd: text(65_536).min(1).default('/bin/bash'),
    args: z.array(text(131_072)).max(4096).default([]),
    cols: side.default(80),
    rows: side.default(24),
    envs: envs.default({}),
    cwd: text(4096).default(''),
    user: text(64).default(''),
    output,
    writer: writer.optional(),
  }),
  z.strictObject({
    type: z.literal('connect'),
    tag,
    /** The first frame of output that is wanted; all that is kept where it is absent. */
    from: frameNumber.default(1),
    /** `view` looks on, and does nothing to the terminal. */
    mode: z.enum(['edit', 'view']).default('edit'),
    output,
    writer: writer.optional(),
  }),
]);
export type OpenFrame = z.output<typeof openFrame>;

/** Every frame after it. Binary messages are input. */
export const nextFrame = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('input'),
    data: base64,
    /** How many bytes this writer sent before these; a client that sends again what it has no answer to gives it. */
    offset: z.int().min(0).optional(),
  }),
  z.strictObject({ type: z.literal('resize'), cols: side, rows: side }),
  z.strictObject({ type: z.literal('kill') }),
  /** From a client whose WebSocket cannot be read slower: no more output until it says `go`. */
  z.strictObject({ type: z.literal('flow'), state: z.enum(['hold', 'go']) }),
]);
