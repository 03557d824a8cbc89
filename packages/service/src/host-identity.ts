import { checkServerIdentity } from 'node:tls';

/**
 * For TLS to a host of the installation: two hosts have certificates of one authority, and the name in it says that this
 * is the one that was meant.
 */
export function identityOfHost(hostId: string): typeof checkServerIdentity {
  return (address, certificate) => {
    const mismatch = checkServerIdentity(address, certificate);
    if (mismatch !== undefined) return mismatch;
    if (certificate.subject.CN === hostId) return undefined;
    return Object.assign(new Error(`the certificate is of ${certificate.subject.CN}, not of ${hostId}`), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  };
}
