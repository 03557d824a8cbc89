import type { Settings } from '@wrenn/core';

/** A program and the settings that it reads. */
export interface ProgramSettings {
  readonly title: string;
  readonly about: string;
  readonly settings: Settings;
}

/** docs/configuration.md: a table for each program. */
export function configurationPage(programs: readonly ProgramSettings[]): string {
  const head = [
    '<!-- Made by `npm run generate` from the settings in the code. -->',
    '',
    '# Configuration',
    '',
    'Every setting is an environment variable; one that is empty counts as not set. A program that is given a wrong',
    'value names the variable and does not start. `npm start` reads the settings of `wrenn up`, and hands the',
    'environment on to the programs that it starts.',
    '',
  ];
  return `${[...head, ...programs.flatMap(section)].join('\n').trimEnd()}\n`;
}

function section({ title, about, settings }: ProgramSettings): string[] {
  const rows = Object.values(settings).map(({ variable, default: fallback, doc }) => {
    const shown = fallback === '' ? '–' : fallback === 'required' ? 'required' : `\`${fallback}\``;
    return `| \`${variable}\` | ${shown} | ${cell(doc)} |`;
  });
  return [`## ${title}`, '', about, '', '| variable | default | meaning |', '|---|---|---|', ...rows, ''];
}

/** A bar would begin the next cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
