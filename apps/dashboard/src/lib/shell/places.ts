import type { IconName } from '#lib/ui/Icon.svelte';

export interface Place {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
}

export interface PlaceGroup {
  readonly label: string;
  readonly places: readonly Place[];
}

/** The pages of a team, as the sidebar shows them. */
export const teamPlaces: readonly PlaceGroup[] = [
  {
    label: 'Platform',
    places: [
      { href: '/dashboard/capsules', label: 'Capsules', icon: 'capsules' },
      { href: '/dashboard/templates', label: 'Templates', icon: 'templates' },
      { href: '/dashboard/snapshots', label: 'Snapshots', icon: 'snapshots' },
      { href: '/dashboard/builds', label: 'Builds', icon: 'builds' },
      { href: '/dashboard/metrics', label: 'Metrics', icon: 'metrics' },
      { href: '/dashboard/usage', label: 'Usage', icon: 'usage' },
    ],
  },
  {
    label: 'Management',
    places: [
      { href: '/dashboard/keys', label: 'Keys', icon: 'keys' },
      { href: '/dashboard/channels', label: 'Channels', icon: 'channels' },
      { href: '/dashboard/team', label: 'Team', icon: 'team' },
      { href: '/dashboard/audit', label: 'Audit log', icon: 'audit' },
      { href: '/dashboard/settings', label: 'Settings', icon: 'settings' },
    ],
  },
];

/** The pages of the platform's administrators. */
export const adminPlaces: readonly PlaceGroup[] = [
  {
    label: 'Administration',
    places: [
      { href: '/admin/templates', label: 'Templates', icon: 'templates' },
      { href: '/admin/builds', label: 'Builds', icon: 'builds' },
      { href: '/admin/capsules', label: 'Capsules', icon: 'capsules' },
      { href: '/admin/teams', label: 'Teams', icon: 'team' },
      { href: '/admin/users', label: 'Users', icon: 'users' },
      { href: '/admin/audit', label: 'Audit log', icon: 'audit' },
    ],
  },
];
