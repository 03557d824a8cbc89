import type { EnvdUnderTest } from './envd-under-test.ts';

export type UploadBody = string | Buffer<ArrayBuffer> | FormData | ReadableStream;

/** Posts to /files. Node says the type of a form itself. */
export async function uploadForm(
  { url }: Pick<EnvdUnderTest, 'url'>,
  query: Record<string, string>,
  body: UploadBody,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${url}/files?${new URLSearchParams(query)}`, {
    method: 'POST',
    body,
    headers,
    duplex: 'half',
  });
  const answer: unknown = await response.json();
  return { status: response.status, body: answer };
}

/** The file itself as the body. */
export function uploadRaw(
  envd: Pick<EnvdUnderTest, 'url'>,
  query: Record<string, string>,
  body: UploadBody,
  headers: Record<string, string> = {},
) {
  return uploadForm(envd, query, body, { 'content-type': 'application/octet-stream', ...headers });
}

export function formOf(...files: readonly (readonly [name: string, content: string])[]): FormData {
  const form = new FormData();
  for (const [name, content] of files) form.append('file', new Blob([content]), name);
  return form;
}
