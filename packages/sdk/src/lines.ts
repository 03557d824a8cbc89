/** The lines of a stream of UTF-8, without their ends; a last line without an end counts. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let pending: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
      const parts = text.split('\n');
      // A long line comes in many pieces: they are joined once, when its end is there.
      for (const part of parts.slice(0, -1)) {
        yield pending.concat(part).join('');
        pending = [];
      }
      pending.push(parts.at(-1) ?? '');
      if (done) break;
    }
    const rest = pending.join('');
    if (rest !== '') yield rest;
  } finally {
    // A consumer that stops early must not leave the connection open.
    await reader.cancel();
  }
}
