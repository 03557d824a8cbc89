/** Names of templates, snapshots and channels, as the API has always allowed them. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
