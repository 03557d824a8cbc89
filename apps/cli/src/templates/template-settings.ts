import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson, systemCode, WrennError } from '@wrenn/core';
import { z } from 'zod';

const settings = z.strictObject({
  name: z.string().optional(),
  result: z.enum(['snapshot', 'image']).optional(),
  vcpus: z.int().optional(),
  memory_mb: z.int().optional(),
  healthcheck: z.string().optional(),
  skip_pre_post: z.boolean().optional(),
  format: z.enum(['recipe', 'dockerfile']).optional(),
  timeout_sec: z.int().optional(),
  step_timeout_sec: z.int().optional(),
});

/** What a folder says of its template beside the recipe. */
export type TemplateSettings = Readonly<z.output<typeof settings>>;

const fileName = 'template.json';

/** From `template.json` in the folder; nothing where there is none. */
export async function readTemplateSettings(folder: string): Promise<TemplateSettings> {
  const path = join(folder, fileName);
  const text = await read(path);
  if (text === undefined) return {};
  const value = parseJson(text);
  if (value === undefined) throw wrong(path, 'it is no JSON');
  const parsed = settings.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw wrong(path, field === '' ? `${issue?.message}` : `${field}: ${issue?.message}`);
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

function wrong(path: string, why: string): WrennError {
  return new WrennError('invalid_request', `reading ${path}: ${why}`, {
    remedy: `it can have ${Object.keys(settings.shape).join(', ')}`,
  });
}
