// A page of which a part does not arrive at its start, as when a network comes or goes on this machine, would stay empty.
(() => {
  const key = 'wrenn.reloads';
  const mostReloads = 4;
  const wholeAfterMs = 30_000;
  let isReloading = false;

  const reload = () => {
    // Once it has started there may be things typed in it; what comes later is said where it is missing.
    if (isReloading || document.documentElement.dataset.started !== undefined) return;
    const reloads = Number(sessionStorage.getItem(key) ?? 0);
    if (reloads === mostReloads) return;
    isReloading = true;
    sessionStorage.setItem(key, String(reloads + 1));
    setTimeout(() => location.reload(), 250 * 2 ** reloads);
  };

  addEventListener('vite:preloadError', reload);
  // Those of elements do not bubble.
  addEventListener(
    'error',
    ({ target }) => (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) && reload(),
    true,
  );
  setTimeout(() => sessionStorage.removeItem(key), wholeAfterMs);
})();
