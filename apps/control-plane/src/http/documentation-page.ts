import { createHash } from 'node:crypto';
import { html, type Markup, prose, raw } from './html.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2024; }
@media (prefers-color-scheme: dark) { body { background: #16181b; color: #e4e6e8; } pre { background: #202327 !important; } }
h2 { margin-top: 3rem; } code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: #f1f3f5; padding: .8rem 1rem; overflow-x: auto; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; } td { border-top: 1px solid #8884; padding: .35rem .8rem .35rem 0; vertical-align: top; }
.method { font-weight: 700; } .muted { opacity: .7; } p { white-space: pre-line; }
`;

/** The page runs nothing and loads nothing; the hash lets in its own style and no other. */
export const documentationHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

type Json = { readonly [name: string]: unknown };

/** An OpenAPI document as a page for people. */
export function renderDocumentation(document: object): string {
  const info = child(document, 'info');
  const operations = Object.entries(child(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(record(methods)).map(([method, operation]) =>
      renderOperation(method, path, record(operation)),
    ),
  );
  const schemas = Object.entries(child(child(document, 'components'), 'schemas')).map(
    ([name, schema]) => html`<h3 id="${name}">${name}</h3>${renderSchema(record(schema))}`,
  );
  return `<!doctype html>${html`<html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${info['title']} API</title><style>${raw(style)}</style></head><body>
    <h1>${info['title']} API</h1><p class="muted">Version ${info['version']} · <a href="/openapi.json">openapi.json</a></p>
    <p>${prose(info['description'])}</p>${operations}<h2>Objects</h2>${schemas}</body></html>`}`;
}

function renderOperation(method: string, path: string, operation: Json): Markup {
  const parameters = array(operation['parameters']).map((entry) => {
    const parameter = record(entry);
    const where = `${text(parameter['in'])}${parameter['required'] === true ? ', required' : ''}`;
    return renderRow(text(parameter['name']), record(parameter['schema']), where);
  });
  const answers = Object.entries(record(operation['responses'])).map(([status, response]) => {
    const contents = Object.entries(child(response, 'content')).map(
      ([type, content]) => html`${renderType(child(content, 'schema'))} <span class="muted">${type}</span> `,
    );
    return html`<tr><td><code>${status}</code></td><td>${contents.length > 0 ? contents : 'no body'}</td></tr>`;
  });
  const body = child(child(child(operation['requestBody'], 'content'), 'application/json'), 'schema');
  return html`<h2><span class="method">${method.toUpperCase()}</span> <code>${path}</code></h2>
    <p><b>${operation['summary']}</b></p><p>${prose(operation['description'])}</p>
    ${array(operation['security']).length > 0 ? html`<p class="muted">Needs an API key.</p>` : ''}
    ${parameters.length > 0 ? html`<h3>Parameters</h3><table>${parameters}</table>` : ''}
    ${Object.keys(body).length > 0 ? html`<h3>Body</h3>${renderSchema(body)}` : ''}
    <h3>Answers</h3><table>${answers}</table>`;
}

function renderSchema(schema: Json): Markup {
  const properties = Object.entries(child(schema, 'properties'));
  if (properties.length === 0) return html`<pre>${JSON.stringify(schema, null, 2)}</pre>`;
  const required = array(schema['required']);
  const rows = properties.map(([name, property]) =>
    renderRow(name, record(property), required.includes(name) ? 'required' : ''),
  );
  return html`<table>${rows}</table>`;
}

function renderRow(name: string, schema: Json, note: string): Markup {
  const fallback = 'default' in schema ? `default ${JSON.stringify(schema['default'])}` : '';
  const bounds = ['minimum', 'maximum']
    .filter((bound) => bound in schema)
    .map((bound) => `${bound} ${text(schema[bound])}`);
  const notes = [note === 'required' && fallback !== '' ? '' : note, fallback, ...bounds].filter(
    (part) => part !== '',
  );
  return html`<tr><td><code>${name}</code></td><td>${renderType(schema)} <span class="muted">${notes.join(', ')}</span>
    ${schema['description'] === undefined ? '' : html`<br>${prose(schema['description'])}`}</td></tr>`;
}

function renderType(schema: Json): Markup {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    return html`<a href="#${name}">${name}</a>`;
  }
  if (schema['type'] === 'array') return html`array of ${renderType(child(schema, 'items'))}`;
  const choices = array(schema['enum']);
  return choices.length > 0
    ? html`<code>${choices.join(' | ')}</code>`
    : html`${text(schema['type'] ?? 'any')}`;
}

function child(value: unknown, name: string): Json {
  return record(record(value)[name]);
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
