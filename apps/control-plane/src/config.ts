import { type Config, setting, settingType } from '@wrenn/core';
import { z } from 'zod';
import { emailAddress } from './http/schemas.ts';

export const settings = {
  databaseUrl: setting(
    'DATABASE_URL',
    settingType.text,
    'required',
    'PostgreSQL 15 or newer. `npm start` sets it to the embedded server.',
  ),
  listenAddress: setting(
    'WRENN_CP_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:8080',
    'Address and port of the API.',
  ),
  edgeUrl: setting(
    'WRENN_EDGE_URL',
    settingType.baseUrl.refine(({ hostname }) => isName(hostname), 'must have a name, not an IP address'),
    'http://localhost:8081',
    'Where the edge is seen from outside: the ports of capsules are at names below its own.',
  ),
  publicUrl: setting(
    'CP_PUBLIC_URL',
    settingType.baseUrl,
    'http://127.0.0.1:8080',
    'Where people see the API and the dashboard: links in mails lead there, and cookies are for it alone. With https sessions are kept to it by the browser.',
  ),
  dashboardDirectory: setting(
    'WRENN_DASHBOARD_DIR',
    settingType.optionalText,
    '',
    'Folder of the built dashboard. Without it the API is served alone; `npm start` sets it.',
  ),
  adminEmail: setting(
    'WRENN_ADMIN_EMAIL',
    settingType.text.pipe(emailAddress),
    'admin@localhost',
    'Address of the administrator that `npm start` makes in a new installation.',
  ),
  trustedProxies: setting(
    'WRENN_CP_TRUSTED_PROXIES',
    settingType.addresses,
    '',
    'Addresses or networks of load balancers, between commas, whose X-Forwarded-For is believed.',
  ),
  githubClientId: setting(
    'OAUTH_GITHUB_CLIENT_ID',
    settingType.optionalText,
    '',
    'Of the OAuth app at GitHub; with its secret it turns signing in through GitHub on.',
  ),
  githubClientSecret: setting(
    'OAUTH_GITHUB_CLIENT_SECRET',
    settingType.secret,
    '',
    'Of the OAuth app at GitHub.',
  ),
  githubUrl: setting(
    'OAUTH_GITHUB_URL',
    settingType.baseUrl,
    'https://github.com',
    "GitHub, or an enterprise's own, whose API is below /api/v3.",
  ),
  oidcIssuer: setting(
    'OAUTH_OIDC_ISSUER',
    settingType.optionalText.refine((text) => text === '' || URL.canParse(text), 'must be a URL'),
    '',
    'URL of an OpenID Connect provider; with ID and secret it turns signing in through it on.',
  ),
  oidcClientId: setting(
    'OAUTH_OIDC_CLIENT_ID',
    settingType.optionalText,
    '',
    'At the OpenID Connect provider.',
  ),
  oidcClientSecret: setting(
    'OAUTH_OIDC_CLIENT_SECRET',
    settingType.secret,
    '',
    'At the OpenID Connect provider.',
  ),
  smtpHost: setting(
    'SMTP_HOST',
    settingType.optionalText,
    '',
    'Server that mails are handed to. Without it they are not sent, and the log says so.',
  ),
  smtpPort: setting(
    'SMTP_PORT',
    settingType.port,
    '587',
    '587 with STARTTLS, or 465 with TLS from the start.',
  ),
  smtpTls: setting(
    'SMTP_TLS',
    z.enum(['always', 'never']),
    'always',
    'never: without TLS, for a server on the same machine.',
  ),
  smtpUsername: setting('SMTP_USERNAME', settingType.optionalText, '', 'Where the server wants one.'),
  smtpPassword: setting('SMTP_PASSWORD', settingType.secret, '', 'Where the server wants one.'),
  mailFrom: setting('SMTP_FROM_EMAIL', settingType.text, 'Wrenn <noreply@localhost>', 'Sender of mails.'),
  channelTargets: setting(
    'WRENN_CHANNEL_PRIVATE_TARGETS',
    settingType.addresses,
    '',
    'Private addresses or networks, between commas, that channels may reach although they are private.',
  ),
  registryTargets: setting(
    'WRENN_REGISTRY_PRIVATE_TARGETS',
    settingType.addresses,
    '',
    'Private addresses or networks, between commas, that builds may pull images from although they are private.',
  ),
  insecureRegistries: setting(
    'WRENN_INSECURE_REGISTRIES',
    settingType.hosts,
    '',
    'Registries, as host or host:port between commas, that builds speak to without TLS.',
  ),
  buildsAtOnce: setting(
    'WRENN_BUILDS_AT_ONCE',
    settingType.count,
    '2',
    'How many templates a control plane builds at a time; 0 leaves it to its other replicas.',
  ),
  buildCacheDays: setting(
    'WRENN_BUILD_CACHE_DAYS',
    settingType.count,
    '14',
    'How long a step of a build is kept for others to begin from when none does.',
  ),
  auditDays: setting(
    'WRENN_AUDIT_RETENTION_DAYS',
    settingType.count,
    '0',
    'How long entries of the audit log are kept; 0 keeps them for ever.',
  ),
  metricsAddress: setting(
    'WRENN_CP_METRICS_ADDR',
    settingType.listenAddressOrOff,
    '127.0.0.1:9471',
    "Address and port of the control plane's /metrics, for Prometheus, without any protection of its own; or off.",
  ),
  sessionsMetricsAddress: setting(
    'WRENN_SESSIONS_METRICS_ADDR',
    settingType.listenAddressOrOff,
    '127.0.0.1:9472',
    'The same of the process of its sessions.',
  ),
  directory: setting(
    'WRENN_DIR',
    settingType.text,
    '/var/lib/wrenn',
    'Where keys and certificates are kept.',
  ),
  logLevel: setting('LOG_LEVEL', settingType.logLevel, 'info', 'debug, info, warn, error or silent.'),
};

/** `8000-cl-….127.0.0.1` is no name that anybody could look up. */
function isName(hostname: string): boolean {
  return !hostname.startsWith('[') && !/^[\d.]+$/.test(hostname);
}

export type ControlPlaneConfig = Config<typeof settings>;
