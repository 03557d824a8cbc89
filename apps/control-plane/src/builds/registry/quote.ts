const longest = 120;

/** What somebody else wrote, for a message: in quotes, of printable ASCII, and not long. */
export function quote(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text;
  const escaped = JSON.stringify(short).replace(
    /[^ -~…]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return escaped;
}
