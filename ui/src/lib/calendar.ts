// Local days and clock times of an IANA zone, over Unix seconds. Days have 23, 24 or 25 hours.

export interface Wall {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export const kHour = 3600;
export const kDay = 86400;

const formats = new Map<string, Intl.DateTimeFormat>();

function wallFormat(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

// A zone that this browser does not know is shown in UTC rather than not at all.
export function knownZone(zone: string): string {
  try {
    wallFormat(zone);
    return zone;
  } catch {
    return 'UTC';
  }
}

export function wallOf(t: number, zone: string): Wall {
  const wall: Wall = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const part of wallFormat(zone).formatToParts(t * 1000)) {
    if (part.type in wall) wall[part.type as keyof Wall] = Number(part.value);
  }
  return wall;
}

function asUtc(wall: Wall): number {
  return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second) / 1000;
}

export function offsetAt(t: number, zone: string): number {
  const whole = Math.floor(t);
  return asUtc(wallOf(whole, zone)) - whole;
}

// The first instant with this clock reading; a reading the zone skips gives the instant an hour later on the clock.
// Fields may run over (day 32, hour 25), as in Date.UTC.
export function unixOf(wall: Partial<Wall> & { year: number }, zone: string): number {
  const local = asUtc({ month: 1, day: 1, hour: 0, minute: 0, second: 0, ...wall });
  const before = offsetAt(local - kDay, zone);
  const after = offsetAt(local + kDay, zone);
  const early = local - before;
  if (offsetAt(early, zone) === before) return early;
  const late = local - after;
  return offsetAt(late, zone) === after ? late : early;
}

export function startOfDay(t: number, zone: string): number {
  const { year, month, day } = wallOf(t, zone);
  return unixOf({ year, month, day }, zone);
}

export function addDays(t: number, days: number, zone: string): number {
  const wall = wallOf(t, zone);
  return unixOf({ ...wall, day: wall.day + days }, zone);
}

// Shifts a period by its own length; one of whole days by whole days, whatever the clock does meanwhile.
export function shiftSpan(from: number, to: number, direction: -1 | 1, zone: string): { from: number; to: number } {
  const days = Math.round((to - from) / kDay);
  if (days >= 1 && addDays(from, days, zone) === to) {
    return { from: addDays(from, days * direction, zone), to: addDays(to, days * direction, zone) };
  }
  const length = to - from;
  return { from: from + direction * length, to: to + direction * length };
}

// Marks for a time axis: `increment` seconds apart, aligned to the local clock, days or months.
export function timeTicks(from: number, to: number, increment: number, zone: string): number[] {
  const ticks: number[] = [];
  const push = (t: number): void => {
    if (t >= from && t <= to && (ticks.length === 0 || t > ticks[ticks.length - 1]!)) ticks.push(t);
  };
  const first = wallOf(from, zone);
  if (increment >= 28 * kDay) {
    const months = Math.max(1, Math.round(increment / (30.4 * kDay)));
    const start = Math.floor((first.month - 1) / months) * months + 1;
    for (let i = 0; i < 400; ++i) {
      const t = unixOf({ year: first.year, month: start + i * months, day: 1 }, zone);
      if (t > to) break;
      push(t);
    }
  } else if (increment >= kDay) {
    const days = Math.round(increment / kDay);
    const epochDay = Math.floor(Date.UTC(first.year, first.month - 1, first.day) / (kDay * 1000));
    const lead = epochDay % days;
    for (let i = 0; i < 1000; ++i) {
      const t = unixOf({ ...first, hour: 0, minute: 0, second: 0, day: first.day - lead + i * days }, zone);
      if (t > to) break;
      push(t);
    }
  } else if (increment >= kHour) {
    const hours = Math.round(increment / kHour);
    for (let i = 0; i < 2000; ++i) {
      const t = unixOf({ ...first, hour: i * hours, minute: 0, second: 0 }, zone);
      if (t > to) break;
      push(t);
    }
  } else {
    const offset = offsetAt(from, zone);
    for (let t = Math.ceil((from + offset) / increment) * increment - offset; t <= to && ticks.length < 1000; t += increment) push(t);
  }
  return ticks;
}

// Value of <input type="datetime-local">, which knows no zone.
export function toInput(t: number, zone: string): string {
  const wall = wallOf(t, zone);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${String(wall.year).padStart(4, '0')}-${two(wall.month)}-${two(wall.day)}T${two(wall.hour)}:${two(wall.minute)}`;
}

export function fromInput(text: string, zone: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?/.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  return unixOf({ year: year!, month: month!, day: day!, hour: hour!, minute: minute!, second: second! }, zone);
}
