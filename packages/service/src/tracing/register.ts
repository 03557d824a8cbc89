// What `node --import` loads before a process of Wrenn that is to record traces: the SDK, which costs time and memory that
// nobody else should pay. Where the traces go is said by the variables of OpenTelemetry; see docs/observability.md.
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { sampledShare } from './sampled-share.ts';

const root = new TraceIdRatioBasedSampler(sampledShare(process.env['OTEL_TRACES_SAMPLER_ARG']));
const provider = new TracerProvider({
  resource: resourceFromAttributes({
    'service.namespace': 'wrenn',
    'service.name': process.env['OTEL_SERVICE_NAME'] || 'wrenn',
    'process.pid': process.pid,
  }),
  sampler: new ParentBasedSampler({ root }),
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(provider);
