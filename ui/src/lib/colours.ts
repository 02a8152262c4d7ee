// One colour a channel, the same in the curves, the legend and the bars. Written in OKLCH so that all
// hues of a theme carry the same weight; handed out as #rrggbb because a canvas and a test read that best.

export type Theme = 'light' | 'dark';

function channel(linear: number): string {
  const clipped = Math.min(1, Math.max(0, linear));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255)
    .toString(16)
    .padStart(2, '0');
}

export function oklchHex(lightness: number, chroma: number, hue: number): string {
  const angle = (hue * Math.PI) / 180;
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const red = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
  const green = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
  const blue = -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s;
  return `#${channel(red)}${channel(green)}${channel(blue)}`;
}

// Neighbours in the list stand far apart on the wheel; [hue, lightness shift, chroma].
const kPowers: [number, number, number][] = [
  [248, 0, 0.15],
  [52, 0.08, 0.16],
  [155, 0.02, 0.14],
  [12, -0.02, 0.18],
  [300, 0, 0.17],
  [195, 0.04, 0.11],
  [88, 0.12, 0.14],
  [345, 0.04, 0.18],
  [130, 0.06, 0.16],
  [272, -0.08, 0.17],
  [32, -0.08, 0.13],
  [225, 0.1, 0.12],
];

const kVoltages: [number, number, number][] = [
  [75, -0.06, 0.05],
  [230, -0.12, 0.035],
  [330, 0.02, 0.04],
];

// `rank` counts the channels of the same kind (power, or voltage) in their order.
export function channelColour(rank: number, unit: string, theme: Theme): string {
  const palette = unit === 'V' ? kVoltages : kPowers;
  const round = Math.floor(rank / palette.length) % 3;
  const [hue, shift, chroma] = palette[rank % palette.length]!;
  const base = theme === 'light' ? 0.56 : 0.74;
  const step = theme === 'light' ? [0, 0.14, -0.12] : [0, -0.15, 0.12];
  return oklchHex(base + shift * (theme === 'light' ? 1 : 0.6) + step[round]!, chroma * (round === 0 ? 1 : 0.8), hue + round * 11);
}

export function withAlpha(hex: string, alpha: number): string {
  const value = parseInt(hex.slice(1), 16);
  return `rgba(${value >> 16}, ${(value >> 8) & 255}, ${value & 255}, ${alpha})`;
}
