/** Names and values of headers as undici gives them: the bytes that came. */
export function rawTextsOf(bytes: unknown): string[] {
  if (!Array.isArray(bytes)) return [];
  const texts: string[] = new Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) texts[index] = textOf(bytes[index]);
  return texts;
}

/** Each byte as one character, as `node:http` reads and writes them, and without the blanks behind it. */
function textOf(bytes: Buffer): string {
  let end = bytes.length;
  while (end > 0 && isBlank(bytes[end - 1])) end -= 1;
  return bytes.toString('latin1', 0, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

const beyondAscii = /[^\0-\x7f]/;

/** Text that undici has read as UTF-8, with each of its bytes as one character again. */
export function latin1Of(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text;
}
