/** What the beginning of a file is. */
export type Decoded =
  | { readonly kind: 'text'; readonly text: string; readonly lineBreak: '\n' | '\r\n' }
  | { readonly kind: 'binary' };

/** Programs tell binary files by a NUL near the beginning. */
const lookedAtBytes = 8 * 1024;

/**
 * As text, where it is UTF-8. Encoded again with its own line breaks it is the same bytes: a mark at the beginning stays,
 * and a file with both kinds of line breaks has its carriage returns as characters.
 */
export function decode(bytes: Uint8Array, isWhole: boolean): Decoded {
  if (bytes.subarray(0, lookedAtBytes).includes(0)) return { kind: 'binary' };
  try {
    // The last character of a beginning may be half of one.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: !isWhole,
    });
    return { kind: 'text', text, lineBreak: lineBreakOf(text) };
  } catch (thrown) {
    if (thrown instanceof TypeError) return { kind: 'binary' };
    throw thrown;
  }
}

function lineBreakOf(text: string): '\n' | '\r\n' {
  return text.includes('\n') && !/(?<!\r)\n/.test(text) && !/\r(?!\n)/.test(text) ? '\r\n' : '\n';
}
