import { once } from 'node:events';
import { createServer } from 'node:net';
import { parseExposition, scrape } from '@wrenn/testkit/exposition';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../logger.ts';
import { MetricSet } from './metric-set.ts';
import { scraper } from './scraper.ts';
import { MetricsServer } from './serve-metrics.ts';

const log = createLogger('test', 'silent');
const anyPort = { host: '127.0.0.1', port: 0 };

function start(sets: readonly MetricSet[], address: typeof anyPort | undefined) {
  const variable = 'WRENN_TEST_METRICS_ADDR';
  return MetricsServer.start({ name: 'test', version: '1', address, variable, sets, log });
}

describe('the metrics of a process', () => {
  it('are served as text, its own and those of Node together', async () => {
    const set = new MetricSet();
    set.counter('wrenn_test_total', 'For a test.', ['kind']).inc({ kind: 'odd "one"' }, 3);
    await using metrics = await start([set], anyPort);
    const samples = await scrape(metrics.url ?? '');
    expect(samples).toContainEqual({
      name: 'wrenn_test_total',
      labels: { kind: 'odd \\"one\\"' },
      value: 3,
    });
    const names = samples.map(({ name }) => name);
    expect(names).toContain('process_cpu_seconds_total');
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('are all that is there, and cannot be changed', async () => {
    await using metrics = await start([], anyPort);
    const url = metrics.url ?? '';
    expect((await fetch(new URL('/', url))).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  it('are counted once for all who ask at the same time', async () => {
    const set = new MetricSet();
    const gauge = set.gauge('wrenn_test', 'For a test.');
    const { promise, resolve } = Promise.withResolvers<void>();
    let looks = 0;
    set.whenAsked([gauge], async () => {
      looks += 1;
      await promise;
      gauge.set(looks);
    });
    const scrape = scraper({ name: 'test', version: '1', sets: [set], log });
    const asked = [scrape(), scrape(), scrape()];
    resolve();
    const [text = '', ...others] = await Promise.all(asked);
    expect(looks).toBe(1);
    expect(others).toEqual([text, text]);
    expect(parseExposition(text)).toContainEqual({ name: 'wrenn_test', labels: {}, value: 1 });
  });

  it('are served nowhere when they are off', async () => {
    await using metrics = await start([], undefined);
    expect(metrics.facts).toEqual({});
  });

  it('wait for an address that another process has, and keep nobody from working meanwhile', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await using metrics = await start([], { host: '127.0.0.1', port });
    expect(metrics.url).toBeUndefined();
    other.close();
    await expect.poll(() => metrics.url).toBe(`http://127.0.0.1:${port}/metrics`);
    expect((await fetch(metrics.url ?? '')).status).toBe(200);
  });

  it('refuse an address that this machine does not have', async () => {
    await expect(start([], { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'missing_prerequisite',
    });
  });
});
