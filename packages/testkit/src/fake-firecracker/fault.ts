/** Why a call is refused: the message is the fault that the API answers. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** Turns what goes wrong into a fault that begins with what was being done. */
export async function attempt(doing: string, action: () => Promise<void> | void): Promise<void> {
  try {
    await action();
  } catch (thrown) {
    throw new Fault(`${doing}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
