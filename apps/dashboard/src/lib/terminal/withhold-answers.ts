import type { IDisposable, IParser } from '@xterm/xterm';

/**
 * Terminals answer some of what is printed, as where the cursor is, by typing. What is shown once more was answered when
 * it was new: `isOld` says whether what is being shown is.
 */
export function withholdAnswers(parser: IParser, isOld: () => boolean): IDisposable {
  const questions = [
    { final: 'c' },
    { prefix: '>', final: 'c' },
    { final: 'n' },
    { prefix: '?', final: 'n' },
    { intermediates: '$', final: 'p' },
    { prefix: '?', intermediates: '$', final: 'p' },
  ];
  const handlers = [
    ...questions.map((question) => parser.registerCsiHandler(question, isOld)),
    parser.registerDcsHandler({ intermediates: '$', final: 'q' }, isOld),
    // Colours are set by the same sequences that ask for them.
    ...[4, 10, 11, 12].map((code) =>
      parser.registerOscHandler(code, (data) => isOld() && data.includes('?')),
    ),
  ];
  return {
    dispose: () => {
      for (const handler of handlers) handler.dispose();
    },
  };
}
