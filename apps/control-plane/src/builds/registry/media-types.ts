/** What a manifest, or a list of manifests, may be; all of the others are refused. */
export const indexTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
export const manifestTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
export const acceptedManifests = [...indexTypes, ...manifestTypes].join(', ');

/** How the entries of a layer are packed. */
export type LayerType = 'tar' | 'tar+gzip' | 'tar+zstd';

export const layerTypes: ReadonlyMap<string, LayerType> = new Map([
  ['application/vnd.oci.image.layer.v1.tar', 'tar'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'tar+gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'tar+zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'tar'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'tar+gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'tar+zstd'],
]);
