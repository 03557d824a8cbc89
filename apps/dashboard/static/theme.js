// Before the first paint: what the person chose, or what their system says.
(() => {
  const chosen = localStorage.getItem('wrenn.theme');
  const dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
