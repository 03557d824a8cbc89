import type { Change } from './change.ts';

/** More capsules of a team that change at once are loaded anew as one list. */
const mostAtOnce = 200;
const everyMs = 1_000;

/** Teams of which so many capsules change that their clients are told once a second only that they do. */
export class Bursts {
  readonly #resync: (team: string) => void;
  /** Whether anything has changed since the clients were told. */
  readonly #teams = new Map<string, { hasChanged: boolean; readonly timer: NodeJS.Timeout }>();

  constructor(resync: (team: string) => void) {
    this.#resync = resync;
  }

  /** Whether clients of the team will be told of a change without its saying which. */
  absorbs(team: string | undefined): boolean {
    const burst = this.#teams.get(team ?? '');
    if (burst === undefined) return false;
    burst.hasChanged = true;
    return true;
  }

  /** Those that are told one by one. A burst begins with the others. */
  without(changes: readonly Change[]): Change[] {
    const teams = Map.groupBy(changes, ({ team }) => team ?? '');
    return [...teams].flatMap(([team, ofTeam]) => {
      if (this.absorbs(team)) return [];
      if (ofTeam.length <= mostAtOnce) return ofTeam;
      this.#begin(team);
      return [];
    });
  }

  close(): void {
    for (const { timer } of this.#teams.values()) clearTimeout(timer);
    this.#teams.clear();
  }

  #begin(team: string): void {
    this.#resync(team);
    const timer = setTimeout(() => {
      const hasChanged = this.#teams.get(team)?.hasChanged === true;
      this.#teams.delete(team);
      if (hasChanged) this.#begin(team);
    }, everyMs);
    this.#teams.set(team, { hasChanged: false, timer });
  }
}
