import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

/** Where a control plane runs that `vite dev` passes the API on to. */
const api = process.env['WRENN_BASE_URL'] || 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [
    sveltekit({
      adapter: adapter({ pages: 'dist', assets: 'dist', fallback: 'index.html', strict: false }),
      compilerOptions: { runes: true },
    }),
  ],
  build: { target: 'es2023' },
  server: { proxy: { '/v1': { target: api, ws: true }, '/auth/oauth': { target: api } } },
});
