import { setting, settingType } from '@wrenn/core';
import { expect, it } from 'vitest';
import { configurationPage } from './page.ts';

const page = configurationPage([
  {
    title: 'a program',
    about: 'Does things.',
    settings: {
      one: setting('ONE', settingType.text, 'x', 'The one | the only.'),
      two: setting('TWO', settingType.text, 'required', 'Has no safe default.'),
      three: setting('THREE', settingType.text, '', 'May be absent.'),
    },
  },
]);

it('has a row for each setting, with its default', () => {
  expect(page).toContain('| `ONE` | `x` | The one \\| the only. |');
});

it('says which settings have to be given, and which may be absent', () => {
  expect(page).toContain('| `TWO` | required | Has no safe default. |');
  expect(page).toContain('| `THREE` | – | May be absent. |');
});

it('ends with one line break', () => {
  expect(page).toMatch(/[^\n]\n$/);
});
