import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commonMetrics, processes } from './processes.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const dashboard = z.object({
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }),
  ),
});

/** Names as they are in the text that is scraped, with the labels of each. */
function scrapedNames(): Map<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  const sets = [commonMetrics(), ...processes.flatMap((process) => process.sets)];
  for (const { name } of sets.flatMap(({ registry }) => registry.getMetricsAsArray())) names.set(name, []);
  for (const { name, kind, labels } of sets.flatMap(({ facts }) => facts)) {
    names.set(name, labels);
    if (kind !== 'histogram') continue;
    for (const part of ['bucket', 'sum', 'count']) names.set(`${name}_${part}`, labels);
  }
  // Of Node: the only histogram there.
  names.set('nodejs_gc_duration_seconds_sum', []);
  return names;
}

/** What Prometheus adds to every series, or a histogram has. */
const everywhere = ['job', 'instance', 'process', 'le'];

describe('the dashboard', async () => {
  const { panels } = dashboard.parse(JSON.parse(await read('deploy/grafana/wrenn.json')));
  const names = scrapedNames();
  const expressions = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));

  it('asks only for metrics that a process has', () => {
    const asked = expressions.flatMap(({ expr }) => expr.match(/\b(?:wrenn|nodejs|process)_\w+/g) ?? []);
    expect(asked.length).toBeGreaterThan(40);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  });

  it('groups only by labels that the metric has', () => {
    const wrong = expressions.flatMap(({ title, expr }) =>
      [...expr.matchAll(/by \(([^)]*)\) \((?:\w+\()?(wrenn_\w+)/g)].flatMap(([, labels = '', name = '']) => {
        const known = [...(names.get(name) ?? []), ...everywhere];
        return labels
          .split(', ')
          .filter((label) => !known.includes(label))
          .map((label) => `${title}: ${name} has no ${label}`);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('shows every metric of Wrenn but what identifies a process', () => {
    const text = expressions.map(({ expr }) => expr).join('\n');
    const own = [...processes.flatMap(({ sets }) => sets), commonMetrics()].flatMap(({ facts }) => facts);
    const missing = own.map(({ name }) => name).filter((name) => !text.includes(name));
    expect(missing).toEqual(['wrenn_process_info']);
  });
});

describe('the configuration of Prometheus', () => {
  it('names the addresses that processes have by default', async () => {
    const text = await read('deploy/prometheus/prometheus.yml');
    const configuration = await read('docs/configuration.md');
    const defaults = [...configuration.matchAll(/_METRICS_ADDR` \| `([\d.:]+)`/g)].map(([, at]) => at);
    expect(new Set(defaults).size).toBe(processes.length);
    for (const address of defaults) expect(text).toContain(`'${address}'`);
  });
});
