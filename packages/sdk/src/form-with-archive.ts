import type { FileContent } from './files.ts';

/** A form with `config` and then `archive`, written by hand: a FormData holds no streams. */
export function formWithArchive(
  config: object,
  archive: FileContent,
): { readonly contentType: string; readonly body: Blob | ReadableStream<Uint8Array> } {
  const boundary = `wrenn-${crypto.randomUUID()}`;
  const head = [
    `--${boundary}`,
    'content-disposition: form-data; name="config"',
    '',
    JSON.stringify(config),
    `--${boundary}`,
    'content-disposition: form-data; name="archive"; filename="archive"',
    'content-type: application/octet-stream',
    '',
    '',
  ].join('\r\n');
  const tail = `\r\n--${boundary}--\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: archive instanceof ReadableStream ? between(head, archive, tail) : new Blob([head, archive, tail]),
  };
}

function between(head: string, middle: ReadableStream<Uint8Array>, tail: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return middle.pipeThrough(
    new TransformStream({
      start: (controller) => controller.enqueue(encoder.encode(head)),
      flush: (controller) => controller.enqueue(encoder.encode(tail)),
    }),
  );
}
