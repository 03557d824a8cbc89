import type { Attachment } from 'svelte/attachments';

/** How far below what is in sight something counts as near. */
const nearMargin = '800px';

/** Calls whenever the element is near what is in sight, again as long as it stays there. */
export function whenNear(act: () => Promise<void>): Attachment<HTMLElement> {
  return (element) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        // An observer tells of changes only: one that stays near after a short page is looked at anew.
        void act().finally(() => {
          observer.unobserve(element);
          if (element.isConnected) observer.observe(element);
        });
      },
      { rootMargin: nearMargin },
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
}
