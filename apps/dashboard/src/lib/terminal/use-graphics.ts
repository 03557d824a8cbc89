import type { Terminal } from '@xterm/xterm';

/**
 * Paints by WebGL where the machine has graphics for it; an emulated one is slower than elements. Falls back to those
 * when the browser takes the context away. Returns how to end it.
 */
export async function useGraphics(xterm: Terminal): Promise<() => void> {
  if (!hasGraphics()) return () => {};
  const { WebglAddon } = await import('@xterm/addon-webgl');
  // It may be gone by now.
  if (xterm.element?.isConnected !== true) return () => {};
  const addon = new WebglAddon();
  let state: 'on' | 'off' = 'on';
  const end = () => {
    if (state === 'on') addon.dispose();
    state = 'off';
  };
  addon.onContextLoss(end);
  try {
    xterm.loadAddon(addon);
  } catch {
    // It has painted nothing yet: elements do it as before.
    end();
  }
  return end;
}

let known: boolean | undefined;

function hasGraphics(): boolean {
  if (known === undefined) {
    const context = document
      .createElement('canvas')
      .getContext('webgl2', { failIfMajorPerformanceCaveat: true });
    known = context !== null;
    // It counts until it is collected otherwise.
    context?.getExtension('WEBGL_lose_context')?.loseContext();
  }
  return known;
}
