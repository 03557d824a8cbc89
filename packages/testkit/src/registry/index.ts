export type { Blob } from './blob.ts';
export { blobOf, descriptorOf } from './blob.ts';
export type { RegistryConduct } from './conduct.ts';
export { type ImageOptions, imageIndexOf, imageOf, type TestImage, type TestImageIndex } from './image.ts';
export type { LayerEntry } from './layer-entry.ts';
export { type RegistryRequest, TestRegistry } from './test-registry.ts';
