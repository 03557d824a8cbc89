import { type Config, setting, settingType } from '@wrenn/core';
import { z } from 'zod';

export const settings = {
  listenAddress: setting(
    'WRENN_EDGE_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:8081',
    'Address and port for traffic to capsules.',
  ),
  controlPlaneUrl: setting(
    'WRENN_CP_URL',
    settingType.baseUrl,
    'http://127.0.0.1:8080',
    'Where the control plane is asked for capsules.',
  ),
  directory: setting(
    'WRENN_DIR',
    settingType.text,
    '/var/lib/wrenn',
    "Where the edge's secret is, and the socket of the host-agent where there is one on this machine.",
  ),
  tlsCertificate: setting(
    'WRENN_EDGE_TLS_CERT',
    settingType.text,
    '',
    'Certificate chain of the edge, in PEM; it then speaks HTTPS, with HTTP/2 for clients that know it. Read once, at the start.',
  ),
  tlsKey: setting('WRENN_EDGE_TLS_KEY', settingType.text, '', 'The private key to it, in PEM.'),
  hostHeader: setting(
    'WRENN_EDGE_HOST_HEADER',
    z.enum(['public', 'local'], { error: 'must be public or local' }),
    'public',
    'The Host that programs in capsules get, for requests and WebSockets alike. public: as the client sent it; local: localhost and the port, for servers that take no other.',
  ),
  forwarded: setting(
    'WRENN_EDGE_FORWARDED',
    z.enum(['replace', 'trust'], { error: 'must be replace or trust' }),
    'replace',
    'What becomes of X-Forwarded-For and -Proto that come in. trust: they are taken over, from a load balancer that sets them itself.',
  ),
  metricsAddress: setting(
    'WRENN_EDGE_METRICS_ADDR',
    settingType.listenAddressOrOff,
    '127.0.0.1:9473',
    "Address and port of the edge's /metrics, for Prometheus, without any protection of its own; or off.",
  ),
  logLevel: setting('LOG_LEVEL', settingType.logLevel, 'info', 'debug, info, warn, error or silent.'),
};

export type EdgeConfig = Config<typeof settings>;
