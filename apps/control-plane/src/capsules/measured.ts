import { span, timed } from '@wrenn/service';
import { capsuleOperations, scheduling } from '../metrics/metrics.ts';

/** Measures an operation on capsules, and makes it a span; `operation` is one of a few, as kinds of jobs are. */
export function measured<T>(operation: string, work: () => Promise<T>): Promise<T> {
  return timed(
    (outcome, seconds) => capsuleOperations.observe({ operation, outcome }, seconds),
    () => span(`capsule: ${operation}`, {}, work),
  );
}

/** The same for choosing a host. */
export function measuredSchedule<T>(work: () => Promise<T>): Promise<T> {
  return timed(
    (outcome, seconds) => scheduling.observe({ outcome }, seconds),
    () => span('choose a host', {}, work),
  );
}
