// Numbers, units, dates and durations as people of a locale write them. Pure; nothing here reads the browser.

const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

export const kNothing = '–';
export const kNbsp = '\u00a0';

function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, options);
    numberFormats.set(key, format);
  }
  return format;
}

function dateFormat(locale: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + zone + JSON.stringify(options);
  let format = dateFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
    dateFormats.set(key, format);
  }
  return format;
}

export function count(value: number, locale: string): string {
  return numberFormat(locale, { maximumFractionDigits: 0 }).format(value);
}

// `-0` reads as 0.
export function fixed(value: number, digits: number, locale: string): string {
  const rounded = Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value;
  return numberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(rounded);
}

export function digitsFor(value: number): number {
  const size = Math.abs(value);
  if (size >= 100) return 0;
  return size >= 10 ? 1 : 2;
}

interface Scale {
  divisor: number;
  unit: string;
}

const kScales: Record<string, Scale[]> = {
  W: [
    { divisor: 1e6, unit: 'MW' },
    { divisor: 1e3, unit: 'kW' },
    { divisor: 1, unit: 'W' },
  ],
  Wh: [
    { divisor: 1e9, unit: 'GWh' },
    { divisor: 1e6, unit: 'MWh' },
    { divisor: 1e3, unit: 'kWh' },
    { divisor: 1, unit: 'Wh' },
  ],
};

// The unit in which a value of this size is best read, for one number or for a whole axis.
export function scaleFor(size: number, unit: string): Scale {
  if (unit === 'kW') {
    const scale = scaleFor(size * 1000, 'W');
    return { divisor: scale.divisor / 1000, unit: scale.unit };
  }
  const scales = kScales[unit];
  return scales?.find((scale) => Math.abs(size) >= scale.divisor) ?? scales?.[scales.length - 1] ?? { divisor: 1, unit };
}

export function quantity(value: number | null | undefined, unit: string, locale: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return kNothing;
  const scale = scaleFor(value, unit);
  const scaled = value / scale.divisor;
  const digits = unit === 'V' || scale.unit === 'W' ? 1 : scale.unit === 'Wh' ? 0 : digitsFor(scaled);
  return fixed(scaled, digits, locale) + (scale.unit ? kNbsp + scale.unit : '');
}

// As measured, neither scaled nor rounded: two values that differ must read so.
export function exact(value: number | null, unit: string, locale: string): string {
  if (value === null) return kNothing;
  return numberFormat(locale, { maximumFractionDigits: 6 }).format(value) + (unit ? kNbsp + unit : '');
}

export function energy(wattHours: number | null | undefined, locale: string): string {
  return quantity(wattHours, 'Wh', locale);
}

export function kilowattHours(wattHours: number | null | undefined, locale: string): string {
  if (wattHours === null || wattHours === undefined) return kNothing;
  const value = wattHours / 1000;
  return fixed(value, Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 2, locale);
}

// A share below one is never shown as 100 %, nor one above zero as 0 %.
export function percent(share: number, locale: string): string {
  let shown = share;
  if (share < 1 && share > 0.999) shown = 0.999;
  if (share > 0 && share < 0.001) shown = 0.001;
  const whole = shown === 1 || shown === 0;
  return numberFormat(locale, { style: 'percent', minimumFractionDigits: whole ? 0 : 1, maximumFractionDigits: 1 }).format(shown);
}

export function dateTime(t: number, zone: string, locale: string): string {
  return dateFormat(locale, zone, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(t * 1000);
}

export function exactTime(t: number, zone: string, locale: string): string {
  return dateFormat(locale, zone, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...(t % 60 !== 0 ? { second: '2-digit' as const } : {}),
    timeZoneName: 'short',
  }).format(t * 1000);
}

export function date(t: number, zone: string, locale: string): string {
  return dateFormat(locale, zone, { day: 'numeric', month: 'short', year: 'numeric' }).format(t * 1000);
}

export function period(from: number, to: number, zone: string, locale: string): string {
  const format = dateFormat(locale, zone, { day: 'numeric', month: 'short', year: 'numeric' });
  return format.formatRange(from * 1000, to * 1000);
}

export function axisTime(t: number, zone: string, locale: string, options: Intl.DateTimeFormatOptions): string {
  return dateFormat(locale, zone, options).format(t * 1000);
}

const kAgo: [number, Intl.RelativeTimeFormatUnit][] = [
  [31_557_600, 'year'],
  [2_629_800, 'month'],
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];

export function ago(t: number, now: number, locale: string): string {
  const seconds = Math.max(0, now - t);
  const format = new Intl.RelativeTimeFormat(locale);
  for (const [size, unit] of kAgo) {
    if (seconds >= size) return format.format(-Math.floor(seconds / size), unit);
  }
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(0, 'second');
}

const kDurations: [number, string][] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

// At most the two largest units: "2 days 3 hr".
export function duration(seconds: number, locale: string): string {
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [size, unit] of kDurations) {
    const n = Math.floor(rest / size);
    if (n > 0) parts.push(numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(n));
    else if (parts.length > 0) break;
    rest -= n * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || numberFormat(locale, { style: 'unit', unit: 'second', unitDisplay: 'short' }).format(0);
}

// One unit, rounded: "≈ 6 hr" for 5 h 49.
export function roughDuration(seconds: number, locale: string): string {
  const [size, unit] = kDurations.find(([least]) => seconds >= least) ?? kDurations[kDurations.length - 1]!;
  const n = Math.round(seconds / size);
  const text = numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(n);
  return n * size === seconds ? text : `≈${kNbsp}${text}`;
}

const kSizes: [number, string][] = [
  [1e9, 'gigabyte'],
  [1e6, 'megabyte'],
  [1e3, 'kilobyte'],
  [1, 'byte'],
];

export function bytes(size: number, locale: string): string {
  const [divisor, unit] = kSizes.find(([least]) => size >= least) ?? kSizes[kSizes.length - 1]!;
  const digits = unit === 'byte' ? 0 : 1;
  return numberFormat(locale, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: digits }).format(size / divisor);
}

// The zone of this browser, for what concerns no campaign: when a file came, when somebody signed in.
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}
