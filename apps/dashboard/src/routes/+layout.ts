// A page of files: nothing of it is rendered on a server.
export const ssr = false;
export const prerender = false;
