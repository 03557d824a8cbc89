import type { ITheme } from '@xterm/xterm';
import { token } from '#lib/theme/theme.svelte.ts';

/** The colours of a terminal: those of the tokens, and what lies between two of them. */
export function palette(): ITheme {
  const [ink, soft, faint, paper] = ['ink', 'ink-soft', 'ink-faint', 'surface'].map(token) as Four;
  const [red, green, yellow, blue] = ['bad', 'good', 'warn', 'calm'].map(token) as Four;
  const [magenta, cyan] = [between(red, blue), between(green, blue)];
  return {
    ...{ background: paper, foreground: ink, cursor: token('accent'), cursorAccent: paper },
    ...{ selectionBackground: token('accent-wash'), selectionInactiveBackground: token('sunken') },
    ...{ black: ink, red, green, yellow, blue, magenta, cyan, white: soft },
    ...{ brightBlack: faint, brightRed: between(red, ink), brightGreen: between(green, ink) },
    ...{ brightYellow: between(yellow, ink), brightBlue: between(blue, ink) },
    ...{ brightMagenta: between(magenta, ink), brightCyan: between(cyan, ink), brightWhite: ink },
  };
}

/** How what was searched for is marked. */
export function searchColours() {
  const mark = token('warn-wash');
  return {
    ...{ matchBackground: mark, matchBorder: token('warn'), matchOverviewRuler: token('warn') },
    ...{ activeMatchBackground: token('accent-wash'), activeMatchBorder: token('accent') },
    activeMatchColorOverviewRuler: token('accent'),
  };
}

type Four = [string, string, string, string];

/** Half of each of two colours that are written as `#rrggbb`. */
function between(one: string, other: string): string {
  const half = (at: number) =>
    Math.round(
      (Number.parseInt(one.slice(at, at + 2), 16) + Number.parseInt(other.slice(at, at + 2), 16)) / 2,
    );
  return `#${[1, 3, 5].map((at) => half(at).toString(16).padStart(2, '0')).join('')}`;
}
