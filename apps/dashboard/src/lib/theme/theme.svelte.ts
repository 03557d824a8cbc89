export type Theme = 'light' | 'dark';

/** What is shown; `/theme.js` has set it before the first paint. */
class ThemeChoice {
  current = $state<Theme>(document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light');

  toggle(): void {
    this.current = this.current === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = this.current;
    localStorage.setItem('wrenn.theme', this.current);
  }
}

export const theme = new ThemeChoice();

/** A colour of the tokens, for what is painted rather than styled: charts and terminals. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
