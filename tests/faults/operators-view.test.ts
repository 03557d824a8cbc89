import { randomBytes } from 'node:crypto';
import type { WrennClient } from '@wrenn/sdk';
import { WrennClient as Client } from '@wrenn/sdk';
import { type Sample, scrape } from '@wrenn/testkit/exposition';
import { type CollectedSpan, TraceCollector } from '@wrenn/testkit/trace-collector';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WrennInstallation } from '../support/wrenn-installation.ts';

/** What operators see of a whole Wrenn that records traces, and that goes on when nobody collects them any more. */
describe('the operators’ view', { timeout: 300_000 }, () => {
  let collector: TraceCollector;
  let wrenn: WrennInstallation;
  let client: WrennClient;
  const traceId = randomBytes(16).toString('hex');
  const parentId = randomBytes(8).toString('hex');

  beforeAll(async () => {
    collector = await TraceCollector.start();
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    wrenn = await WrennInstallation.create({ first: 26_300, count: 32 }, settings);
    await wrenn.start();
    client = new Client({
      baseUrl: wrenn.baseUrl,
      apiKey: await wrenn.apiKey(),
      traceparent: () => `00-${traceId}-${parentId}-01`,
    });
  }, 400_000);

  afterAll(async () => {
    await wrenn?.[Symbol.asyncDispose]();
    await collector?.[Symbol.asyncDispose]();
  }, 120_000);

  const metricsOf = (variable: string) => scrape(`http://${wrenn.environment[variable]}/metrics`);

  it('shows a create and a command as one trace, from the client’s span to the guest', async () => {
    const { id } = await client.capsules.create();
    await client.capsules.exec(id, { cmd: 'true' });
    await client.capsules.destroy(id);
    const has = (service: string, name: RegExp) =>
      collector.of(traceId).some((span) => span.service === service && name.test(span.name));
    await expect.poll(() => has('wrenn-host-agent', /^guest Start$/)).toBe(true);
    await expect.poll(() => has('wrenn-host-agent', /^envd Start$/)).toBe(true);
    await expect.poll(() => has('wrenn-host-agent', /^create: init$/)).toBe(true);
    await expect.poll(() => has('wrenn-control-plane', /^DELETE /)).toBe(true);

    const spans = collector.of(traceId);
    const pathOf = (span: CollectedSpan | undefined): string[] =>
      span === undefined
        ? []
        : [...pathOf(spans.find(({ spanId }) => spanId === span.parentSpanId)), span.name];
    const create = spans.find(({ name }) => name === 'create: init');
    expect(pathOf(create)).toEqual([
      'POST /v1/capsules',
      'capsule: create',
      'agent CreateSandbox',
      'CreateSandbox',
      'create: init',
    ]);
    const inGuest = spans.find(({ name }) => name === 'envd Start');
    expect(pathOf(inGuest).slice(-4)).toEqual(['agent Exec', 'Exec', 'guest Start', 'envd Start']);
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === parentId);
    expect(new Set(roots.map(({ service }) => service))).toEqual(new Set(['wrenn-control-plane']));
    const served = spans.find(({ name }) => name === 'CreateSandbox');
    expect(served?.attributes).toMatchObject({ 'wrenn.capsule': id });
  });

  it.each([
    ['WRENN_CP_METRICS_ADDR', 'wrenn_http_request_seconds_count'],
    ['WRENN_SESSIONS_METRICS_ADDR', 'wrenn_database_waiting'],
    ['WRENN_EDGE_METRICS_ADDR', 'wrenn_forward_exchanges_open'],
    ['WRENN_HOST_METRICS_ADDR', 'wrenn_agent_step_seconds_count'],
    ['WRENN_RELAY_METRICS_ADDR', 'wrenn_forward_exchanges_open'],
  ])('has metrics at %s that can be read', async (variable, one) => {
    const samples = await metricsOf(variable);
    const names = samples.map(({ name }) => name);
    expect(names).toContain(one);
    expect(names).toContain('process_resident_memory_bytes');
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(sampleOf(samples, 'wrenn_metrics_failed_looks_total')).toBe(0);
  });

  it('counts capsules, machines and their memory on the host while they run', async () => {
    const { id } = await client.capsules.create();
    const agent = await metricsOf('WRENN_HOST_METRICS_ADDR');
    const controlPlane = await metricsOf('WRENN_CP_METRICS_ADDR');
    expect(sampleOf(agent, 'wrenn_agent_capsules', { state: 'running' })).toBe(1);
    expect(sampleOf(agent, 'wrenn_agent_machines')).toBe(1);
    expect(sampleOf(agent, 'wrenn_agent_machine_memory_bytes', { kind: 'resident' })).toBeGreaterThan(10e6);
    expect(sampleOf(controlPlane, 'wrenn_capsules', { state: 'running' })).toBe(1);
    expect(sampleOf(controlPlane, 'wrenn_hosts', { state: 'online' })).toBe(1);
    const made = { operation: 'create', outcome: 'ok' };
    expect(sampleOf(controlPlane, 'wrenn_capsule_operation_seconds_count', made)).toBeGreaterThan(1);
    expect(JSON.stringify([agent, controlPlane])).not.toContain(id);
    await client.capsules.destroy(id);
  });

  it('works on when the collector of traces is gone, and stops as it does otherwise', async () => {
    await collector[Symbol.asyncDispose]();
    const { id } = await client.capsules.create();
    await client.capsules.destroy(id);
    await wrenn.stop();
    expect(wrenn.output).toContain('Stopped.');
  });
});

function sampleOf(samples: readonly Sample[], wanted: string, labels: Record<string, string> = {}) {
  const has = (sample: Sample) =>
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
  return samples.find((sample) => sample.name === wanted && has(sample))?.value;
}
