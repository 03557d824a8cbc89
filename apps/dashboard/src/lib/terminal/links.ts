import { confirming } from '#lib/confirm/confirm.svelte.ts';
import { webAddress } from './web-address.ts';

/** In a page that knows nothing of this one. */
export function openLink(text: string): void {
  const url = webAddress(text);
  if (url !== undefined) window.open(url, '_blank', 'noopener,noreferrer');
}

/** For a link whose text is not its address: that is shown first. */
export function askAndOpenLink(text: string): void {
  const url = webAddress(text);
  if (url === undefined) return;
  confirming.ask({
    title: 'Open this address?',
    text: url.href,
    action: 'Open',
    deed: async () => openLink(text),
  });
}
