import { expect, it } from 'vitest';
import { WrennClient } from './client.ts';

/** A client whose requests are answered with this, and what it asked for. */
function clientOf(body: string) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request) => {
    asked.push(String(url));
    return new Response(body);
  };
  return { asked, client: new WrennClient({ baseUrl: 'http://wrenn', apiKey: 'wrn_x', fetch }) };
}

it('asks for days of usage', async () => {
  const points = [{ date: '2026-01-01', cpu_minutes: 1.5, ram_mb_minutes: 768 }];
  const { asked, client } = clientOf(JSON.stringify({ from: '2026-01-01', to: '2026-01-02', points }));
  const found = await client.usage.days({ from: '2026-01-01', to: '2026-01-02' });
  expect(found.points).toEqual([{ date: '2026-01-01', cpuMinutes: 1.5, ramMbMinutes: 768 }]);
  await client.usage.days();
  expect(asked).toEqual([
    'http://wrenn/v1/capsules/usage?from=2026-01-01&to=2026-01-02',
    'http://wrenn/v1/capsules/usage',
  ]);
});

it('asks for usage as CSV', async () => {
  const { asked, client } = clientOf('date\r\n');
  expect(await client.usage.csv({ to: '2026-01-02' })).toBe('date\r\n');
  expect(asked).toEqual(['http://wrenn/v1/capsules/usage/export?to=2026-01-02']);
});

it('asks for stats', async () => {
  const series = { labels: ['2026-01-01T00:00:00.000Z'], running: [1], vcpus: [2], memory_mb: [512] };
  const current = { running_count: 1, vcpus_reserved: 2, memory_mb_reserved: 512 };
  const { asked, client } = clientOf(JSON.stringify({ range: '6h', current, series }));
  expect(await client.usage.stats({ range: '6h' })).toEqual({
    range: '6h',
    current: { runningCount: 1, vcpusReserved: 2, memoryMbReserved: 512 },
    series: { labels: ['2026-01-01T00:00:00.000Z'], running: [1], vcpus: [2], memoryMb: [512] },
  });
  expect(asked).toEqual(['http://wrenn/v1/capsules/stats?range=6h']);
});
