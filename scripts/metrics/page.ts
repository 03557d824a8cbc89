import type { MetricFacts, MetricSet } from '@wrenn/service';
import type { MeasuredProcess } from './processes.ts';

/** docs/metrics.md: a table for each process. */
export function metricsPage(common: MetricSet, processes: readonly MeasuredProcess[]): string {
  const own = new Set(common.facts.map(({ name }) => name));
  const ofNode = common.registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => !own.has(name));
  const lines = [
    '<!-- Made by `npm run generate` from the metrics in the code. -->',
    '',
    '# Metrics',
    '',
    'What each process has at `/metrics`; how to scrape them is in [observability.md](observability.md). A histogram is',
    '`NAME_bucket`, `NAME_sum` and `NAME_count`.',
    '',
    '## Every process',
    '',
    ...table(common.facts),
    `Of Node and the process itself, by prom-client: ${ofNode.map((name) => `\`${name}\``).join(', ')}.`,
    '',
    ...processes.flatMap(({ title, sets }) => [
      `## ${title}`,
      '',
      ...table(sets.flatMap(({ facts }) => facts)),
    ]),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function table(facts: readonly MetricFacts[]): string[] {
  const rows = facts.map(({ name, kind, labels, help }) => {
    const shown = labels.length === 0 ? '–' : labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${kind} | ${shown} | ${help} |`;
  });
  return ['| metric | kind | labels | what it is |', '|---|---|---|---|', ...rows, ''];
}
