/** The head of an answer as it came. */
export interface AnswerHead {
  readonly status: number;
  readonly message: string;
  /** A flat list of names and values. */
  readonly rawHeaders: readonly string[];
}

/** One attempt to have a request answered. */
export interface Sending {
  /** Whether it goes by a connection that has carried another request before, and may just be closed at its other end. */
  readonly isReused: boolean;
  /** Bytes of it that have moved to the next hop and back so far. */
  readonly moved: number;
  /** Closes its connection. Nothing is heard of it from then on. */
  abandon(): void;
}

/** Who hears what comes of a `Sending`. */
export interface Hearer {
  /** An answer has begun, whose body is for the client. False when that is not wanted: then it was abandoned. */
  begins(sending: Sending, head: AnswerHead): boolean;
  /** The answer is whole, and its body given to the client. */
  ends(rawTrailers: readonly string[]): void;
  /** There is no answer, or not all of it. */
  breaks(sending: Sending, fault: unknown): void;
  /** The guest wants the body that the client holds back. */
  continues(): void;
  /** What came is more than this way of sending bears, and may be an answer to the other. */
  misunderstands(): void;
}
