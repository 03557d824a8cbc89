import { fileURLToPath } from 'node:url';
import { abortable, deadline, parseServiceMessage, WrennError } from '@wrenn/core';
import { KeptProcess, type Logger } from '@wrenn/service';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));
const startMs = 20_000;

/** The agent's hold on its relay, a process of its own: what passes for capsules never holds up a command or a terminal. */
export class RelayProcess {
  readonly #process: KeptProcess;
  #port: number | undefined;

  private constructor(process: KeptProcess) {
    this.#process = process;
  }

  /** Returns when the relay listens; throws what keeps it from that. */
  static async start(log: Logger, signal: AbortSignal): Promise<RelayProcess> {
    const first = Promise.withResolvers<void>();
    const relay: RelayProcess = new RelayProcess(
      new KeptProcess({
        name: 'the relay',
        traceName: 'wrenn-relay',
        program,
        args: ['relay'],
        log,
        onMessage: (message) => {
          const said = parseServiceMessage(message);
          if (said?.type === 'ready') {
            relay.#port = Number(said.facts['address']?.split(':').at(-1));
            first.resolve();
          } else if (said?.type === 'fault') {
            const { code, message: text, remedy } = said;
            first.reject(new WrennError(code, text, remedy === undefined ? {} : { remedy }));
          }
        },
      }),
    );
    try {
      using limit = deadline(startMs, 'starting the relay', signal);
      await abortable(first.promise, limit);
      return relay;
    } catch (thrown) {
      await relay.close();
      throw thrown;
    }
  }

  /** Where it listens, beside the agent. */
  get port(): number | undefined {
    return this.#port;
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}
