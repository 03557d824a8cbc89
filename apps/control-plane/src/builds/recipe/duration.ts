const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const longestMs = 24 * 3_600_000;

/** `500ms`, `90s`, `10m`, `1h30m`, and `90` for seconds; undefined for what is no duration or more than a day. */
export function durationMs(text: string): number | undefined {
  if (text.length > 32 || !/^(?:\d+|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)?/g)) {
    total += Number(amount) * (unitMs[unit] ?? 0);
  }
  return total <= longestMs ? Math.round(total) : undefined;
}
