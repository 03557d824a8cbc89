export const snippetKinds = [
  { value: 'cli', label: 'Command line' },
  { value: 'typescript', label: 'TypeScript' },
  { value: 'curl', label: 'curl' },
] as const;
export type SnippetKind = (typeof snippetKinds)[number]['value'];

/** How a program gets at the capsule; `origin` is where the API is. */
export function snippetOf(kind: SnippetKind, id: string, origin: string): string {
  switch (kind) {
    case 'cli':
      return `npx wrenn capsule exec ${id} -- uname -a\nnpx wrenn capsule shell ${id}`;
    case 'typescript':
      return [
        "import { WrennClient } from '@wrenn/sdk';",
        '',
        'const client = new WrennClient({',
        `  baseUrl: '${origin}',`,
        '  apiKey: process.env.WRENN_API_KEY,',
        '});',
        `const { stdout } = await client.capsules.exec('${id}', { cmd: 'uname', args: ['-a'] });`,
      ].join('\n');
    case 'curl':
      return [
        `curl ${origin}/v1/capsules/${id}/exec \\`,
        '  -H "X-API-Key: $WRENN_API_KEY" -H "Content-Type: application/json" \\',
        `  -d '{"cmd": "uname", "args": ["-a"]}'`,
      ].join('\n');
  }
}
