import { expect, test } from 'vitest';
import type { Mail } from './mail.ts';
import { renderMail } from './render.ts';

const mail: Mail = {
  kind: 'test',
  to: 'ada@example.com',
  name: 'Ada',
  subject: 'Your account',
  paragraphs: ['Welcome.', 'Please confirm your address.'],
  button: { text: 'Confirm', url: 'https://wrenn.example/activate?token=a&b' },
  closing: ['The link is good for 30 minutes.'],
};

test('the text has everything, with the address of the button written out', () => {
  expect(renderMail(mail).text).toBe(`Hello Ada,

Welcome.

Please confirm your address.

Confirm: https://wrenn.example/activate?token=a&b

The link is good for 30 minutes.

Wrenn
`);
});

test('the page has everything, and asks for nothing from elsewhere', () => {
  const { html } = renderMail(mail);
  for (const part of ['Hello Ada,', 'Welcome.', 'Confirm', 'The link is good for 30 minutes.']) {
    expect(html).toContain(part);
  }
  expect(html).toContain('href="https://wrenn.example/activate?token=a&amp;b"');
  expect(html).not.toMatch(/<(?:img|link|script|style)/);
});

test('markup in names and texts is shown as it is', () => {
  const evil = `<script>alert("1")</script>`;
  const { html, text } = renderMail({ ...mail, name: evil, subject: evil, paragraphs: [evil] });
  expect(html).not.toContain('<script>');
  expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
  expect(text).toContain(evil);
});

test('a mail without a button has no link', () => {
  const { button: _, ...plain } = mail;
  expect(renderMail(plain).html).not.toContain('<a ');
});
