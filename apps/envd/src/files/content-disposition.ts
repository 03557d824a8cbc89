/** What the header of a form's part says of it. */
export interface PartDisposition {
  readonly name: string | undefined;
  readonly filename: string | undefined;
}

const token = "[!#$%&'*+.^_`|~\\w-]+";
// With a backslash before quotes that belong to the value; else, since few write that, up to the next quote.
const quoted = '(?:[^"\\\\]|\\\\["\\\\]|\\\\(?!["\\\\]))*';
const closing = '"(?=[ \\t]*(?:;|$))';
const parameter = new RegExp(
  `[ \\t]*;[ \\t]*(${token})[ \\t]*=[ \\t]*(?:"(${quoted})${closing}|"([^"]*)${closing}|([^\\s;"]+))`,
  'y',
);

/**
 * Reads `form-data; name="file"; filename="…"`; undefined when it is not of that form.
 *
 * Browsers and most libraries write a quote or line break in a name as %22, %0D and %0A and leave everything else as it
 * is; older ones put a backslash before a quote. Both are understood, so a name that really contains `%22` has to be
 * given by the query instead. RFC 5987's `filename*` says it without doubt, and wins.
 */
export function parseDisposition(header: string): PartDisposition | undefined {
  const kind = /^[ \t]*form-data(?=[ \t]*(?:;|$))/i.exec(header);
  if (kind === null) return undefined;
  const found = new Map<string, string>();
  parameter.lastIndex = kind[0].length;
  while (parameter.lastIndex < header.trimEnd().length) {
    const match = parameter.exec(header);
    if (match === null) return undefined;
    const [, key = '', escaped, bare, plain = ''] = match;
    const text = escaped ?? bare;
    const value = text === undefined ? plain : unescapeName(text);
    if (!found.has(key.toLowerCase())) found.set(key.toLowerCase(), value);
  }
  const extended = found.get('filename*');
  const filename = extended === undefined ? found.get('filename') : decodeExtended(extended);
  // One that cannot be read is no reason to take another name than the sender meant.
  if (extended !== undefined && filename === undefined) return undefined;
  return { name: found.get('name'), filename };
}

function unescapeName(text: string): string {
  return text
    .replace(/\\(["\\])/g, '$1')
    .replace(/%(22|0D|0A)/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function decodeExtended(value: string): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/is.exec(value)?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
