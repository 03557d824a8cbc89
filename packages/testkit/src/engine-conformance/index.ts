export { describeConformance } from './conformance.ts';
export type {
  ConformanceHost,
  ConformanceSubject,
  ConformingGuest,
  ConformingMachine,
  ConformingRecord,
  Marker,
  RunningMachine,
  StartPoint,
} from './subject.ts';
export { markers } from './subject.ts';
