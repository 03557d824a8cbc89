import { asFault } from '#lib/api/fault.ts';

export interface Notice {
  readonly id: number;
  readonly kind: 'done' | 'fault';
  readonly text: string;
  readonly remedy?: string | undefined;
  readonly requestId?: string | undefined;
}

const mostNotices = 4;
const doneMs = 4_000;

/** What happened to what somebody did. Faults stay until they are put away. */
class Notices {
  list = $state.raw<readonly Notice[]>([]);
  #last = 0;

  done(text: string): void {
    const { id } = this.#add({ kind: 'done', text });
    setTimeout(() => this.dismiss(id), doneMs);
  }

  fault(what: string, thrown: unknown): void {
    const { message, remedy, requestId } = asFault(thrown);
    this.#add({ kind: 'fault', text: `${what}: ${message}`, remedy, requestId });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(notice: Omit<Notice, 'id'>): Notice {
    this.#last += 1;
    const added = { ...notice, id: this.#last };
    this.list = [...this.list, added].slice(-mostNotices);
    return added;
  }
}

export const notices = new Notices();
