import { type Problems, quoted } from '../problems.ts';

/** What makes the next character itself, and at the end of a line makes the line go on. */
export type EscapeMark = '\\' | '`';

const directive = /^[ \t]*#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(.*?)[ \t]*$/;
/** Other front ends read other languages. */
const dockersOwn = /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?::|@|$)/;

/** What a Dockerfile says of itself in the comments before everything else: the character that escapes. */
export function readDirectives(lines: readonly string[], problems: Problems): EscapeMark {
  let mark: EscapeMark = '\\';
  for (const [index, line] of lines.entries()) {
    const [, name, value] = directive.exec(line) ?? [];
    if (name === undefined || value === undefined) break;
    const position = { line: index + 1, column: line.indexOf('#') + 1 };
    const keyword = name.toLowerCase();
    // A name that is none of these makes the line a comment, after which there are no more directives.
    if (keyword === 'escape') {
      if (value === '`' || value === '\\') mark = value;
      else problems.add(position, `escape=${quoted(value)}`, 'the escape character is \\ or `');
    } else if (keyword === 'syntax') {
      if (!dockersOwn.test(value)) {
        problems.add(position, `the syntax ${quoted(value)} is not known`, 'use docker/dockerfile');
      }
    } else if (keyword !== 'check') break;
  }
  return mark;
}
