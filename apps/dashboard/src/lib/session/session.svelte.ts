import { answered, api, onRefusal, type Schemas } from '#lib/api/client.ts';
import { ApiFault } from '#lib/api/fault.ts';

export type Me = Schemas['Me'];
export type Team = Schemas['Team'];

/** Who is signed in, and whom they act for. */
class Session {
  me = $state<Me>();
  teams = $state<readonly Team[]>([]);
  /** The session ended while a page was open: the page stays, with what was typed, and asks to sign in again. */
  isLost = $state(false);

  readonly team = $derived(this.teams.find(({ id }) => id === this.me?.team_id));

  constructor() {
    onRefusal(({ status, code }) => {
      // A wrong password that is shown for something else says nothing of the session.
      if (status === 401 && code !== 'wrong_password' && this.me !== undefined) this.isLost = true;
    });
  }

  /** Undefined where nobody is signed in. */
  async load(): Promise<Me | undefined> {
    if (this.me !== undefined) return this.me;
    try {
      await this.reload();
    } catch (thrown) {
      if (thrown instanceof ApiFault && thrown.status === 401) return undefined;
      throw thrown;
    }
    return this.me;
  }

  async reload(): Promise<void> {
    const me = await answered(api.GET('/v1/me'));
    this.teams = await answered(api.GET('/v1/teams'));
    this.me = me;
    this.isLost = false;
  }

  async signIn(email: string, password: string): Promise<void> {
    await answered(api.POST('/v1/auth/login', { body: { email, password } }));
    const before = this.me?.user_id;
    await this.reload();
    // Another person must not find the page of the one before.
    if (before !== undefined && before !== this.me?.user_id) location.assign('/dashboard');
  }

  /** The session is over, and by a page that says so. */
  forget(): void {
    this.me = undefined;
    this.teams = [];
    this.isLost = false;
  }

  async switchTo(teamId: string): Promise<void> {
    await answered(api.POST('/v1/auth/switch-team', { body: { team_id: teamId } }));
    // Everything on the page is of the other team.
    location.assign('/dashboard/capsules');
  }

  async signOut(): Promise<void> {
    await answered(api.POST('/v1/auth/logout'));
    location.assign('/login');
  }
}

export const session = new Session();
