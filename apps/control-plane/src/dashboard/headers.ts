import type { ControlPlaneConfig } from '../config.ts';

/**
 * No script but the files of the dashboard, nothing from elsewhere, in nobody's frame. Styles may stand in the page, since
 * the terminal writes its colours there; no text of users is ever put into the page as markup. Addresses of pages may have
 * the token of a mail: they are told to nobody.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** What every answer of the dashboard says of itself. */
export function pageHeaders({ publicUrl }: Pick<ControlPlaneConfig, 'publicUrl'>): Record<string, string> {
  const isSecure = publicUrl.protocol === 'https:';
  return isSecure ? { ...headers, 'strict-transport-security': 'max-age=31536000' } : headers;
}
