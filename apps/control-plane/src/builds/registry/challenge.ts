/** One way of the `WWW-Authenticate` header in which a server wants to know who asks. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By names in lower case; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** A scheme, or a parameter; what is between them is commas and spaces. */
const next = new RegExp(
  `[\\s,]*(?:(?<name>${token})\\s*=\\s*(?:"(?<quoted>(?:[^"\\\\]|\\\\.)*)"|(?<plain>${token}))|(?<scheme>${token})(?=[\\s,]|$))`,
  'y',
);
const longestHeader = 8192;

/** Reads as much of a `WWW-Authenticate` header as is well-formed (RFC 9110, 11.6.1). */
export function parseChallenges(header: string): readonly Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  const text = header.slice(0, longestHeader);
  next.lastIndex = 0;
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    const { name, quoted, plain = '', scheme } = match.groups ?? {};
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    const parameters = found.at(-1)?.parameters;
    const key = name?.toLowerCase();
    if (key === undefined || parameters === undefined || parameters.has(key)) continue;
    parameters.set(key, quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'));
  }
  return found;
}
