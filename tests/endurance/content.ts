import { createHash } from 'node:crypto';

/**
 * What a file holds, short enough to keep and to send: lines of numbers that count up from a start, so that no two
 * pages are alike and the guest can make it by itself; or zeros.
 */
export type Content =
  | { readonly kind: 'numbers'; readonly start: number; readonly bytes: number }
  | { readonly kind: 'zeros'; readonly bytes: number };

/** Twelve digits that the start is, seven that count, and the end of the line. */
const lineBytes = 20;
const startDigits = 12;

export function numbers(start: number, bytes: number): Content {
  return { kind: 'numbers', start, bytes };
}

/** A shell command that prints it. */
export function printing(content: Content): string {
  if (content.kind === 'zeros') return `head -c ${content.bytes} /dev/zero`;
  return `seq ${content.start}0000000 inf | head -c ${content.bytes}`;
}

export function hashOf(content: Content): string {
  return createHash('sha256').update(bytesOf(content)).digest('hex');
}

export function describeContent(content: Content | undefined): string {
  if (content === undefined) return 'nothing';
  return content.kind === 'zeros' ? `${content.bytes} zeros` : `${content.bytes} bytes from ${content.start}`;
}

function bytesOf(content: Content): Buffer {
  const bytes = Buffer.alloc(content.bytes);
  if (content.kind === 'zeros') return bytes;
  const block = firstLines(content.start);
  for (let at = 0, high = 0; at < bytes.length; at += block.length, high += 1) {
    setHighDigits(block, high);
    block.copy(bytes, at);
  }
  return bytes;
}

/** The lines from 0 to 9999, whose last four digits are those of any ten thousand that follow. */
function firstLines(start: number): Buffer {
  let text = '';
  for (let line = 0; line < 10_000; line += 1) text += `${start}${String(line).padStart(7, '0')}\n`;
  return Buffer.from(text, 'latin1');
}

function setHighDigits(block: Buffer, high: number): void {
  const digits = Buffer.from(String(high).padStart(3, '0'), 'latin1');
  for (let at = startDigits; at < block.length; at += lineBytes) digits.copy(block, at);
}
