/**
 * The token of a mail's link. It leaves the address of the page at once, and with it what is shown, kept in the history,
 * and told to others; the page alone has it then.
 */
export function takeToken(): string | undefined {
  const token = new URLSearchParams(location.search).get('token');
  if (token !== null) history.replaceState(history.state, '', location.pathname);
  return token === null || token === '' ? undefined : token;
}
