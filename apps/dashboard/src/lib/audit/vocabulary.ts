/** What the log tells of: each kind of thing with what can be done to it, as people read it. */
export interface AuditResource {
  readonly resource: string;
  readonly label: string;
  readonly actions: readonly { readonly action: string; readonly label: string }[];
}

function of(resource: string, label: string, actions: Readonly<Record<string, string>>): AuditResource {
  const list = Object.entries(actions).map(([action, name]) => ({ action, label: name }));
  return { resource, label, actions: list };
}

export const auditResources: readonly AuditResource[] = [
  of('sandbox', 'Capsules', {
    create: 'Made',
    fork: 'Forked',
    pause: 'Paused',
    resume: 'Resumed',
    destroy: 'Destroyed',
    fail: 'Failed',
    access: 'Access to ports changed',
    link: 'Link to a port made',
    exec: 'Command run',
    terminal: 'Terminal opened',
    process: 'Process reached',
    file_read: 'File read',
    file_write: 'File written',
  }),
  of('snapshot', 'Snapshots', { create: 'Taken', delete: 'Deleted' }),
  of('template', 'Templates', {
    create: 'Made',
    update: 'Changed',
    tag: 'Tagged',
    untag: 'Tag removed',
    alias: 'Name added',
    unalias: 'Name removed',
    delete: 'Deleted',
  }),
  of('build', 'Builds', { create: 'Begun', cancel: 'Cancelled' }),
  of('api_key', 'Keys', { create: 'Made', revoke: 'Revoked', use: 'Used, once a day' }),
  of('channel', 'Channels', {
    create: 'Made',
    update: 'Changed',
    rotate_config: 'Connection replaced',
    delete: 'Deleted',
    test: 'Tested',
    redeliver: 'Event sent again',
  }),
  of('team', 'Teams', {
    create: 'Made',
    rename: 'Renamed',
    settings: 'Settings changed',
    transfer: 'Owner changed',
    set_byoc: 'Own hosts turned on',
    delete: 'Deleted',
  }),
  of('member', 'Members', {
    invite: 'Invited',
    uninvite: 'Invitation taken back',
    add: 'Added',
    remove: 'Removed',
    leave: 'Left',
    role_update: 'Role changed',
  }),
  of('host', 'Hosts', { marked_up: 'Up', marked_down: 'Down' }),
  of('user', 'Accounts', {
    signup: 'Signed up',
    activate: 'Activated',
    deactivate: 'Disabled',
    sign_in: 'Signed in',
    sign_in_refused: 'Sign-in refused',
    sign_out: 'Signed out',
    rename: 'Renamed',
    password: 'Password changed',
    password_reset: 'Password reset',
    link: 'Sign-in connected',
    unlink: 'Sign-in disconnected',
    delete: 'Deleted',
    purge: 'Data removed',
    grant_admin: 'Made administrator',
    revoke_admin: 'Administrator no more',
  }),
  of('audit_log', 'The log itself', { export: 'Exported', remove: 'Old entries removed' }),
];
