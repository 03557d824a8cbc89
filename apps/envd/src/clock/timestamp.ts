const pattern = /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * An RFC 3339 time as nanoseconds since 1970, or undefined when the text is not one or lies before 1970. Dates hold
 * milliseconds only, so the fraction is read apart.
 */
export function parseTimestampNs(text: string): bigint | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, seconds = '', fraction = '', zone = ''] = match;
  const wholeMs = Date.parse(`${seconds}${zone}`.toUpperCase());
  if (Number.isNaN(wholeMs) || wholeMs < 0) return undefined;
  return BigInt(wholeMs) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
