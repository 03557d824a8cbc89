import { WrennError } from '@wrenn/core';
import { type PathPattern, pathPattern } from './path-pattern.ts';
import { quoted } from './problems.ts';

const maxLength = 64 * 1024;
const maxRules = 1_000;

interface Rule {
  readonly leavesOut: boolean;
  readonly pattern: PathPattern;
}

/** What a .dockerignore leaves out: whether it does a path like `a/b`. The last rule that fits decides. */
export function parseIgnore(text: string): (path: string) => boolean {
  if (text.length > maxLength) throw refusal('it is longer than 64 KiB', 'shorten it');
  const rules = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, index) => ruleOf(line, index + 1) ?? []);
  if (rules.length > maxRules)
    throw refusal(`it has more than ${maxRules} rules`, 'join some with wildcards');
  return (path) => rules.findLast(({ pattern }) => pattern.matches(path))?.leavesOut ?? false;
}

function ruleOf(line: string, number: number): Rule | undefined {
  // A # is a comment at the very start of a line only.
  const text = line.startsWith('#') ? '' : line.trim();
  if (text === '') return undefined;
  const leavesOut = !text.startsWith('!');
  const path = cleaned(leavesOut ? text : text.slice(1).trim());
  if (path === undefined) return undefined;
  const pattern = pathPattern(path);
  if (pattern === undefined) {
    throw refusal(
      `line ${number}: ${quoted(text)} is no pattern`,
      'close [ with ], and write \\\\ for a backslash',
    );
  }
  return { leavesOut, pattern };
}

/** Without slashes around it and detours in it; undefined for the root itself, which no rule can mean. */
function cleaned(path: string): string | undefined {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else segments.push(segment);
  }
  return segments.length === 0 ? undefined : segments.join('/');
}

function refusal(why: string, remedy: string): WrennError {
  return new WrennError('invalid_request', `reading .dockerignore: ${why}`, { field: 'archive', remedy });
}
