// A process of its own, started with the SDK or without it: logs inside of a span that fails, and says what it would send on.
import { WrennError } from '@wrenn/core';
import {
  createLogger,
  flushTraces,
  inside,
  span,
  startSpan,
  traceHeaders,
  traceOf,
  within,
  withTraceHeaders,
} from '../index.ts';

const log = createLogger('traced', 'info');
const parent = traceOf({ traceparent: process.env['TEST_TRACEPARENT'] });
await within(startSpan('outer', { 'wrenn.capsule': 'cl-1' }, { parent }), async () => {
  await span('inner', {}, async () => {
    const passed = withTraceHeaders(['Host', 'a', 'Traceparent', 'of the client', 'Accept', 'b']);
    log.info({ ...traceHeaders(), passed }, 'inside');
    throw new WrennError('no_space', 'writing /secret/path');
  }).catch(() => undefined);
});
inside(startSpan('never ended', {}), () => undefined);
log.info('outside');
await flushTraces();
process.exit(0);
