import { systemCode, WrennError } from '@wrenn/core';

const certificateFaults: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Why nobody could be spoken to at `host`, as far as the system says. */
export function unreachable(host: string, cause: unknown): WrennError {
  const code = systemCode(cause) ?? '';
  const fault = (why: string, remedy?: string) =>
    new WrennError('host_unavailable', `${host} ${why}`, {
      cause,
      ...(remedy === undefined ? {} : { remedy }),
    });
  if (code === 'ENOTFOUND') return fault('could not be found', 'check the name of the host');
  if (certificateFaults.has(code)) {
    return fault(
      'has a certificate that is not trusted here',
      'use one of a known authority; an operator can trust others with NODE_EXTRA_CA_CERTS',
    );
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return fault('does not speak TLS as it should', 'use an address that serves https');
  }
  return fault('could not be reached');
}
