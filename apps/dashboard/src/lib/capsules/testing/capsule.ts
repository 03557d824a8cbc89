import type { Capsule } from '../capsule.ts';

/** A capsule as the API tells of one, with what a test says of it. */
export function capsule(facts: Partial<Capsule> = {}): Capsule {
  return {
    id: 'cl-0000000000000000000000000',
    status: 'running',
    template: 'minimal',
    template_id: 'tpl-0000000000000000000000000',
    vcpus: 1,
    memory_mb: 512,
    disk_size_mb: 5120,
    timeout_sec: 0,
    auto_resume: false,
    public_ports: false,
    created_at: '2026-01-01T00:00:00.000Z',
    last_updated: '2026-01-01T00:00:00.000Z',
    metadata: {},
    ...facts,
  };
}
