/**
 * Settles as `answer`. Where that takes longer than `patienceMs`, `ask` asks whether the other side is there at all, and
 * again after as long; this rejects with what it throws. For answers that may take as long as they like from somebody who
 * may be dead, which the network would say only after many minutes.
 *
 * Whoever calls ends what `answer` comes from: this only stops waiting for it.
 */
export async function unlessSilent<T>(
  answer: Promise<T>,
  patienceMs: number,
  ask: () => Promise<unknown>,
): Promise<T> {
  const silence = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  let isWaiting = true;
  const wait = () => {
    if (isWaiting) timer = setTimeout(() => void ask().then(wait, silence.reject), patienceMs);
  };
  wait();
  try {
    return await Promise.race([answer, silence.promise]);
  } finally {
    isWaiting = false;
    clearTimeout(timer);
  }
}
