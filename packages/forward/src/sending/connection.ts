import { connect as connectPlain, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { connectMs, keepAliveMs, maxHeaderSize } from '../dial.ts';
import { ForwardFault } from '../forward-fault.ts';
import type { Hop } from '../hop.ts';
import { forwardCounts } from '../metrics.ts';

export interface ConnectionOptions {
  /** What it leads to, for the metrics. */
  readonly hop: Hop;
  /** Without a request it is closed after this long, in milliseconds. */
  readonly idleMs: number;
  /** Undefined for one without TLS. */
  readonly tls?: Pick<TlsOptions, 'secureContext' | 'checkServerIdentity'>;
}

type SocketOptions = TcpNetConnectOpts & { readonly host: string };

/** Sooner by this, in milliseconds, than a server says that it would close it. */
const hasteMs = 500;

/**
 * A connection for one request after the other. It is opened with the first one, and again where it was closed before
 * anything of a request was sent.
 */
export class Connection {
  /** `host:port`. */
  readonly origin: string;
  readonly #client: Client;
  #socket: Socket | undefined;
  /** Of the socket as it is now. */
  #hasAnswered = false;

  constructor(
    origin: string,
    to: Readonly<Pick<SocketOptions, 'host' | 'port'>>,
    { hop, idleMs, tls }: ConnectionOptions,
  ) {
    this.origin = origin;
    const options = { ...to, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    this.#client = new Client(`${tls === undefined ? 'http' : 'https'}://${origin}`, {
      connect: (_options, done) => {
        this.#hasAnswered = false;
        const beganMs = performance.now();
        const counted: buildConnector.Callback = (...result) => {
          if (result[0] === null) forwardCounts.connected(hop, beganMs);
          done(...result);
        };
        this.#socket = tls === undefined ? plain(options, counted) : secure(options, tls, counted);
      },
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      keepAliveTimeoutThreshold: hasteMs,
      // Answers take as long as they take.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize,
      allowH2: false,
    });
  }

  get isOpen(): boolean {
    return this.#socket?.destroyed === false;
  }

  /** Whether a request goes by a socket that has carried another, and may just be closed at its other end. */
  get isReused(): boolean {
    return this.#hasAnswered;
  }

  /** By the guest, in an orderly way. */
  get wasEnded(): boolean {
    return this.#socket?.readableEnded === true;
  }

  /** By a fault, be it one of what came by it. */
  get wasBroken(): boolean {
    return this.#socket !== undefined && this.#socket.errored !== null;
  }

  /** On the socket as it is now, in both directions. */
  get bytesMoved(): number {
    return this.#socket === undefined ? 0 : this.#socket.bytesRead + this.#socket.bytesWritten;
  }

  onClosed(hear: () => void): void {
    this.#client.on('disconnect', hear);
  }

  send(request: Pick<Dispatcher.DispatchOptions, 'method' | 'path' | 'headers'>, handler: Handler): void {
    // By itself undici closes a connection after a HEAD, and one with TLS when the next request is for another `Host`:
    // the name is an option that its types leave out.
    const options = { ...request, reset: false, servername: 'the same' };
    this.#client.dispatch(options, handler);
  }

  /** A request was answered, and all of that has come. */
  answered(): void {
    this.#hasAnswered = true;
  }

  close(): void {
    this.#client.destroy(null, ignore);
    this.#socket?.destroy();
  }
}

type Handler = Dispatcher.DispatchHandler;

function plain(options: SocketOptions, done: buildConnector.Callback): Socket {
  const socket = connectPlain(options);
  return opening(socket, 'connect', done);
}

function secure(options: SocketOptions, tls: TlsOptions, done: buildConnector.Callback): Socket {
  // An address is no name that TLS could ask for.
  const servername = isIP(options.host) === 0 ? options.host : '';
  const socket = connectTls({ ...options, ...tls, ALPNProtocols: ['http/1.1'], servername });
  return opening(socket, 'secureConnect', done);
}

function opening(socket: Socket, ready: string, done: buildConnector.Callback): Socket {
  const late = setTimeout(() => socket.destroy(new ForwardFault('unreachable')), connectMs);
  const failed = (fault: Error) => done(fault, null);
  socket.once('error', failed);
  socket.once('close', () => clearTimeout(late));
  socket.once(ready, () => {
    clearTimeout(late);
    socket.off('error', failed);
    done(null, socket);
  });
  return socket;
}

function ignore(): void {}
