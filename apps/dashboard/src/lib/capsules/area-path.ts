import type { paths } from '#api';
import type { CapsuleArea } from './capsule.ts';

type Below<Path> = Path extends `/v1/capsules${infer Rest}` ? Rest : never;
/** A route on capsules that there is in both areas. */
export type SharedPath = {
  [Path in keyof paths]: `/v1/admin/capsules${Below<Path>}` extends keyof paths
    ? Path extends `/v1/capsules${string}`
      ? Path
      : never
    : never;
}[keyof paths];

/** Where the area has the route. It takes and answers the same in both, so its type is that of the team's. */
export function areaPath<Path extends SharedPath>(area: CapsuleArea, path: Path): Path {
  return area === 'team' ? path : (path.replace('/v1/', '/v1/admin/') as Path);
}
