export interface Part {
  readonly text: string;
  readonly isFound: boolean;
}

/** A text cut where `term` is found in it, whatever its case. */
export function highlighted(text: string, term: string | undefined): readonly Part[] {
  const sought = term?.toLowerCase() ?? '';
  // Some letters have another length in lower case: then nothing can be told of places.
  const lower = text.toLowerCase();
  if (sought === '' || lower.length !== text.length) return [{ text, isFound: false }];
  const parts: Part[] = [];
  let from = 0;
  for (let at = lower.indexOf(sought); at !== -1; at = lower.indexOf(sought, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), isFound: false });
    from = at + sought.length;
    parts.push({ text: text.slice(at, from), isFound: true });
  }
  if (from < text.length) parts.push({ text: text.slice(from), isFound: false });
  return parts;
}
