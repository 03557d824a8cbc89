/** One line of the text that Prometheus scrapes. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** As Prometheus reads numbers: `Nan` too, which prom-client writes. */
const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (Na[Nn]|[+-]?Inf|[-+\d.eE]+)$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

/** Reads the text exposition format; throws for a line that is none of it. */
export function parseExposition(text: string): Sample[] {
  return text
    .split('\n')
    .filter((each) => each !== '' && !each.startsWith('#'))
    .map((each) => {
      const [, name = '', labels = '', value = ''] = line.exec(each) ?? [];
      if (name === '') throw new SyntaxError(`not a sample: ${each}`);
      const found = [...labels.matchAll(label)];
      if (found.map(([whole]) => whole).join('') !== labels) throw new SyntaxError(`not labels: ${each}`);
      const pairs = found.map(([, key = '', text_ = '']) => [key, text_] as const);
      return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) };
    });
}

/** Asks a process for its metrics. */
export async function scrape(url: string): Promise<Sample[]> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return parseExposition(await answer.text());
}
