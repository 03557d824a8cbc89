/** What `/init` sets for the processes that come after it. */
export interface Settings {
  readonly defaultUser: string;
  /** Undefined: the user's home. */
  readonly defaultWorkdir: string | undefined;
  readonly envVars: Readonly<Record<string, string>>;
  readonly capsuleId: string | undefined;
  readonly templateId: string | undefined;
  /** Where the host takes events: a URL. */
  readonly eventsAddress: string | undefined;
}

export function initialSettings(defaultUser: string): Settings {
  return {
    defaultUser,
    defaultWorkdir: undefined,
    envVars: {},
    capsuleId: undefined,
    templateId: undefined,
    eventsAddress: undefined,
  };
}

/** The variables that every process of the capsule gets: who the capsule is, and what its owner set, which wins. */
export function globalEnvironment({
  capsuleId,
  templateId,
  eventsAddress,
  envVars,
}: Settings): Record<string, string> {
  const identity: Record<string, string> = {};
  for (const prefix of ['WRENN', 'E2B']) {
    if (capsuleId !== undefined) {
      identity[`${prefix}_SANDBOX`] = 'true';
      identity[`${prefix}_SANDBOX_ID`] = capsuleId;
    }
    if (eventsAddress !== undefined) identity[`${prefix}_EVENTS_ADDRESS`] = eventsAddress;
    if (templateId !== undefined) identity[`${prefix}_TEMPLATE_ID`] = templateId;
  }
  return { ...identity, ...envVars };
}
