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
/** Drivers that have the processor paint, which browsers do not always own up to. */
const emulated = /swiftshader|llvmpipe|software|basic render/i;

function hasGraphics(): boolean {
  known ??= paintsByItself();
  return known;
}

function paintsByItself(): boolean {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (context === null) return false;
  const facts = context.getExtension('WEBGL_debug_renderer_info');
  const driver = String(context.getParameter(facts?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
  // It counts until it is collected otherwise.
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return !emulated.test(driver);
}
