import type { Mail } from './mail.ts';

/** Both forms of a mail: as text, and as HTML that needs nothing from elsewhere. */
export interface RenderedMail {
  readonly text: string;
  readonly html: string;
}

const signature = 'Wrenn';

export function renderMail(mail: Mail): RenderedMail {
  return { text: asText(mail), html: asHtml(mail) };
}

function asText({ name, paragraphs, button, closing = [] }: Mail): string {
  const parts = [
    `Hello ${name},`,
    ...paragraphs,
    ...(button === undefined ? [] : [`${button.text}: ${button.url}`]),
    ...closing,
    signature,
  ];
  return `${parts.join('\n\n')}\n`;
}

const page = 'margin:0;padding:24px;background:#f4f4f1;color:#1d1d1b;font:16px/1.5 system-ui,sans-serif';
const card = 'max-width:560px;margin:0 auto;padding:32px;background:#fff;border:1px solid #dcdcd6';
const link = 'display:inline-block;padding:10px 20px;background:#1d4d3a;color:#fff;text-decoration:none';

function asHtml({ subject, name, paragraphs, button, closing = [] }: Mail): string {
  const paragraph = (content: string) => `<p style="margin:0 0 16px">${content}</p>`;
  const shown = [
    paragraph(`Hello ${escapeHtml(name)},`),
    ...paragraphs.map((text) => paragraph(escapeHtml(text))),
    ...(button === undefined
      ? []
      : [
          paragraph(`<a href="${escapeHtml(button.url)}" style="${link}">${escapeHtml(button.text)}</a>`),
          paragraph(`<small>${escapeHtml(button.url)}</small>`),
        ]),
    ...closing.map((text) => paragraph(escapeHtml(text))),
    paragraph(signature),
  ];
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>`,
    `<body style="${page}"><div style="${card}">`,
    ...shown,
    '</div></body></html>',
    '',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
