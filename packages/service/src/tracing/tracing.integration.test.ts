import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TraceCollector } from '@wrenn/testkit/trace-collector';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const register = new URL('./register.ts', import.meta.url).href;
const program = new URL('../testing/traced-work.ts', import.meta.url).pathname;
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

const lines = z.array(
  z.looseObject({
    msg: z.string(),
    trace_id: z.string().optional(),
    traceparent: z.string().optional(),
    passed: z.array(z.string()).optional(),
  }),
);

async function logOf(options: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, TEST_TRACEPARENT: traceparent, ...environment };
  const { stdout } = await run(process.execPath, [...options, program], { env });
  return lines.parse(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
}

describe('a process that records traces', () => {
  it('goes on with the trace of who asked, in spans, in what it asks for, and in its log', async () => {
    await using collector = await TraceCollector.start();
    const log = await logOf(['--import', register], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_SERVICE_NAME: 'wrenn-test',
    });
    const [inner, outer] = ['inner', 'outer'].map((name) =>
      collector.spans.find((each) => each.name === name),
    );
    expect(outer).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331', service: 'wrenn-test' });
    expect(outer?.attributes).toMatchObject({ 'wrenn.capsule': 'cl-1' });
    expect(inner).toMatchObject({ traceId, parentSpanId: outer?.spanId });
    const inside = log.find(({ msg }) => msg === 'inside');
    expect(inside).toMatchObject({ trace_id: traceId, traceparent: `00-${traceId}-${inner?.spanId}-01` });
    expect(inside?.passed).toEqual(['Host', 'a', 'Accept', 'b', 'traceparent', inside?.traceparent]);
    expect(log.find(({ msg }) => msg === 'outside')).not.toHaveProperty('trace_id');
  });

  it('says by its code why a span failed, and nothing of what users typed', async () => {
    await using collector = await TraceCollector.start();
    await logOf(['--import', register], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    expect(collector.spans.find(({ name }) => name === 'inner')?.attributes).toEqual({
      'error.type': 'no_space',
    });
    expect(JSON.stringify(collector.spans)).not.toContain('/secret/path');
  });

  it('records only the share of new traces that it is told to', async () => {
    await using collector = await TraceCollector.start();
    await logOf(['--import', register], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_TRACES_SAMPLER_ARG: '0',
      TEST_TRACEPARENT: '',
    });
    expect(collector.spans).toEqual([]);
  });

  it('ends also when nobody collects them', async () => {
    const log = await logOf(['--import', register], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    expect(log.map(({ msg }) => msg)).toContain('outside');
  });
});

describe('a process that does not', () => {
  it('says nothing of the trace to anybody, and passes on what the client said of one', async () => {
    const log = await logOf([]);
    const inside = log.find(({ msg }) => msg === 'inside');
    expect(inside?.passed).toEqual(['Host', 'a', 'Traceparent', 'of the client', 'Accept', 'b']);
    for (const line of log) {
      expect(line).not.toHaveProperty('trace_id');
      expect(line).not.toHaveProperty('traceparent');
    }
  });
});
