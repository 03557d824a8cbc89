export { createLogger, type Logger } from './logger.ts';
export { type RunningService, runService, type ServiceContext } from './run-service.ts';
