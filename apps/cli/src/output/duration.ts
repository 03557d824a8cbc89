/** A duration as people read it: `0.3 s`, `12.0 s`, `3 min 05 s`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
] as const;

/** How old something is, in its largest unit: `12 s`, `5 min`, `3 h`, `2 d`. */
export function formatAge(ms: number): string {
  const unit = units.find((each) => ms >= each.ms);
  return unit === undefined
    ? `${Math.max(0, Math.floor(ms / 1000))} s`
    : `${Math.floor(ms / unit.ms)} ${unit.name}`;
}
