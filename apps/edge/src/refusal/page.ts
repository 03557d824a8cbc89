/** A page for people: no script, nothing from elsewhere, all text escaped. */
export function page(title: string, message: string, remedy: string | undefined): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto 0; padding: 0 1.5rem; color: #1b1f24; background: #fff }
  h1 { font-size: 1.25rem } p { margin: .5rem 0 } .remedy { color: #57606a }
  @media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 } .remedy { color: #9198a1 } }
</style>
<h1>${escaped(title)}</h1>
<p>${escaped(sentence(message))}</p>
${remedy === undefined ? '' : `<p class="remedy">${escaped(sentence(remedy))}</p>\n`}</html>
`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
