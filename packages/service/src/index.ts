export { type AnswerBounds, answerTo } from './answer-to.ts';
export { dropRest } from './drop-rest.ts';
export { identityOfHost } from './host-identity.ts';
export { KeptProcess } from './kept-process.ts';
export { type ListenAddress, listen, listenFault } from './listen.ts';
export { createLogger, type Logger } from './logger.ts';
export { answerRaw } from './raw-answer.ts';
export { type RunningService, runService, runTask } from './run-service.ts';
export type { ServiceContext } from './supervisor-link.ts';
