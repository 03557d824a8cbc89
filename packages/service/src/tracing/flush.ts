import { ProxyTracerProvider, trace } from '@opentelemetry/api';
import { abortable, deadline } from '@wrenn/core';

/** A collector that does not answer must not keep a process from ending. */
const flushMs = 2_000;

/** Sends what was recorded and not sent yet; without an SDK there is nothing. Never rejects. */
export async function flushTraces(): Promise<void> {
  const provider = trace.getTracerProvider();
  const sdk: object = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
  if (!('forceFlush' in sdk) || typeof sdk.forceFlush !== 'function') return;
  using limit = deadline(flushMs, 'sending the last spans');
  const sending: unknown = Reflect.apply(sdk.forceFlush, sdk, []);
  // What is lost then is lost: the collector is gone, and so is this process.
  await abortable(Promise.resolve(sending), limit).catch(() => undefined);
}
