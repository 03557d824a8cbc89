import type { Problems } from '../problems.ts';

const maxBytes = 256 * 1024;
/** Also what one argument of a program can hold on Linux, with room for what is put around it. */
export const maxLineLength = 64 * 1024;

/** All but the tab: none has a place in a recipe, and a terminal obeys them when a log shows the line. */
const controlCharacter = /[^\P{Cc}\t]/u;

/** The lines of a text without their ends, or none and why in `problems`. */
export function linesOf(text: string, problems: Problems): readonly string[] {
  const start = { line: 1, column: 1 };
  if (Buffer.byteLength(text) > maxBytes) {
    problems.add(
      start,
      `the text is longer than ${maxBytes / 1024} KiB`,
      'move long scripts to files and COPY them',
    );
    return [];
  }
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  lines.forEach((line, index) => {
    checkLine(line, index + 1, problems);
  });
  return problems.none ? lines : [];
}

function checkLine(text: string, line: number, problems: Problems): void {
  if (text.length > maxLineLength) {
    problems.add(
      { line, column: maxLineLength + 1 },
      'the line is longer than 64 KiB',
      'break it with a \\ at the end',
    );
  }
  const control = controlCharacter.exec(text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, '0');
    problems.add({ line, column: control.index + 1 }, `the control character U+${code}`, 'remove it');
  }
  const surrogate = /\p{Cs}/u.exec(text);
  if (surrogate !== null) {
    const column = surrogate.index + 1;
    problems.add({ line, column }, 'half a character (a lone surrogate)', 'save the text as UTF-8');
  }
}
