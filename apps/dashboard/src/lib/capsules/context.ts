import { createContext } from 'svelte';
import { type CapsuleCalls, capsuleCalls } from './calls.ts';
import type { CapsuleArea } from './capsule.ts';
import type { CapsuleView } from './capsule-view.svelte.ts';

const [calls, setCalls] = createContext<CapsuleCalls>();
const [view, setView] = createContext<CapsuleView>();

/** Says of which area the capsules are on all pages below; the shell of the area does. */
export function provideCapsules(area: () => CapsuleArea): void {
  setCalls(capsuleCalls(area()));
}

/** The calls of the area that the page is in. */
export const useCapsules = calls;

export const provideCapsule = setView;

/** The capsule that the page is of; its tabs are drawn when it is there. */
export const useCapsule = view;
