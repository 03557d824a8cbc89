import type { CapsuleFiles } from './capsule-files.ts';

/** Many changes that come together lead to one read. */
const settleMs = 300;
const againMs = 5_000;

/** Whether what happens in a folder is heard of as it happens. */
export class FolderWatch {
  state = $state<'connecting' | 'open' | 'down'>('connecting');
  readonly #onChange: () => void;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #state: 'watching' | 'over' = 'watching';

  /** `onChange` is called once for many changes, and whenever they begin to be told: nobody tells of those before. */
  constructor(files: CapsuleFiles, path: string, onChange: () => void) {
    this.#onChange = onChange;
    this.#open(files.watchUrl(path));
  }

  close(): void {
    this.#state = 'over';
    clearTimeout(this.#timer);
    clearTimeout(this.#settling);
    this.#socket?.close();
  }

  #open(url: string): void {
    this.state = 'connecting';
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const { type } = JSON.parse(data) as { readonly type: string };
      if (type === 'ping' || type === 'error') return;
      this.state = 'open';
      this.#soon();
    };
    socket.onclose = () => {
      if (this.#state === 'over') return;
      this.state = 'down';
      this.#timer = setTimeout(() => this.#open(url), againMs);
    };
  }

  #soon(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#onChange();
    }, settleMs);
  }
}
