/** HTML that needs no more escaping. */
export class Markup {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  toString(): string {
    return this.#source;
  }
}

/** A template tag: what is put in is escaped, unless it is Markup itself; the parts of an array are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...values.map(render)));
}

/** Text of our own that is HTML already. */
export function raw(source: string): Markup {
  return new Markup(source);
}

/** Plain text in which what stands between backticks is code, as descriptions of an API are written. */
export function prose(text: unknown): Markup[] {
  return String(text ?? '')
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

function render(value: unknown): string {
  if (value instanceof Markup) return value.toString();
  if (Array.isArray(value)) return value.map(render).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
