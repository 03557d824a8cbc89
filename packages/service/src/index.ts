export { createLogger, type Logger } from './logger.ts';
export { type RunningService, runService, runTask } from './run-service.ts';
export type { ServiceContext } from './supervisor-link.ts';
