// A QR code (ISO/IEC 18004) of a short text: bytes, error correction M, versions 1 to 10, which is up to 213 bytes.

const kTotals = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346]; // codewords of a version
const kCorrections = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26]; // of them, for correction, in each block
const kBlocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5];
const kAlignment = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

// Product in the field of 256 elements that the code is built on (x^8 + x^4 + x^3 + x^2 + 1).
function product(a: number, b: number): number {
  let result = 0;
  for (let bit = 7; bit >= 0; --bit) {
    result = (result << 1) ^ ((result >> 7) * 0x11d);
    result ^= ((b >> bit) & 1) * a;
  }
  return result;
}

function divisorOf(degree: number): number[] {
  const divisor = new Array<number>(degree).fill(0);
  divisor[degree - 1] = 1;
  let root = 1;
  for (let i = 0; i < degree; ++i) {
    for (let j = 0; j < degree; ++j) divisor[j] = product(divisor[j]!, root) ^ (divisor[j + 1] ?? 0);
    root = product(root, 2);
  }
  return divisor;
}

function remainder(data: number[], divisor: number[]): number[] {
  const rest = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ rest.shift()!;
    rest.push(0);
    divisor.forEach((value, i) => (rest[i]! ^= product(value, factor)));
  }
  return rest;
}

function codewords(bytes: Uint8Array, version: number): number[] {
  const room = kTotals[version - 1]! - kCorrections[version - 1]! * kBlocks[version - 1]!;
  const bits: number[] = [];
  const push = (value: number, length: number): void => {
    for (let i = length - 1; i >= 0; --i) bits.push((value >> i) & 1);
  };
  push(4, 4); // bytes
  push(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) push(byte, 8);
  push(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11) push(pad, 8);
  return Array.from({ length: room }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((byte, bit) => byte * 2 + bit, 0));
}

// Blocks of data with their corrections, interleaved as they are drawn.
function interleaved(data: number[], version: number): number[] {
  const blocks = kBlocks[version - 1]!;
  const divisor = divisorOf(kCorrections[version - 1]!);
  const short = Math.floor(data.length / blocks);
  const shortBlocks = blocks - (data.length % blocks);
  const parts: number[][] = [];
  for (let i = 0, at = 0; i < blocks; ++i) {
    const length = short + (i < shortBlocks ? 0 : 1);
    parts.push(data.slice(at, at + length));
    at += length;
  }
  const corrections = parts.map((part) => remainder(part, divisor));
  const woven = (lists: number[][]): number[] =>
    Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
  return [...woven(parts), ...woven(corrections)];
}

// Bits with a checksum: of the format (10 bits behind, 0x537) and of the version (12 bits behind, 0x1f25).
function withChecksum(value: number, length: number, generator: number): number {
  let rest = value;
  for (let i = 0; i < length; ++i) rest = (rest << 1) ^ ((rest >> (length - 1)) * generator);
  return (value << length) | rest;
}

const kMasks: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

function draw(words: number[], version: number, mask: number): boolean[][] {
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const fixed = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const set = (x: number, y: number, value: boolean): void => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    dark[y]![x] = value;
    fixed[y]![x] = true;
  };
  for (let i = 0; i < size; ++i) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]] as const) {
    for (let dy = -4; dy <= 4; ++dy) {
      for (let dx = -4; dx <= 4; ++dx) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        set(cx + dx, cy + dy, ring !== 2 && ring !== 4);
      }
    }
  }
  const centres = kAlignment[version - 1]!;
  const last = centres.length - 1;
  centres.forEach((cy, i) => centres.forEach((cx, j) => {
    if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
    for (let dy = -2; dy <= 2; ++dy) for (let dx = -2; dx <= 2; ++dx) set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  }));
  const format = withChecksum(mask, 10, 0x537) ^ 0x5412; // level M is 00
  const bit = (value: number, i: number): boolean => ((value >> i) & 1) === 1;
  for (let i = 0; i < 15; ++i) {
    set(8, i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, bit(format, i));
    set(i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i, 8, bit(format, i));
  }
  set(8, size - 8, true);
  if (version >= 7) {
    const bits = withChecksum(version, 12, 0x1f25);
    for (let i = 0; i < 18; ++i) {
      const a = size - 11 + (i % 3);
      const b = Math.floor(i / 3);
      set(a, b, bit(bits, i));
      set(b, a, bit(bits, i));
    }
  }
  let at = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5; // the column of the timing pattern holds nothing else
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; ++step) {
      const y = upward ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (fixed[y]![x]) continue;
        const value = bit(words[at >> 3] ?? 0, 7 - (at & 7));
        dark[y]![x] = value !== kMasks[mask]!(x, y);
        at += 1;
      }
    }
  }
  return dark;
}

// How hard a drawing is to read: long runs, blocks, what looks like a corner, unequal shares of dark and light.
function penalty(dark: boolean[][]): number {
  const size = dark.length;
  let total = 0;
  let count = 0;
  for (let i = 0; i < size; ++i) {
    for (const at of [(j: number) => dark[i]![j]!, (j: number) => dark[j]![i]!]) {
      let line = '';
      for (let j = 0; j < size; ++j) line += at(j) ? '1' : '0';
      for (const run of line.match(/0{5,}|1{5,}/g) ?? []) total += run.length - 2;
      total += 40 * (line.match(/(?=10111010000|00001011101)/g) ?? []).length;
    }
    for (let j = 0; j < size; ++j) {
      count += dark[i]![j] ? 1 : 0;
      if (i > 0 && j > 0 && dark[i]![j] === dark[i - 1]![j] && dark[i]![j] === dark[i]![j - 1] && dark[i]![j] === dark[i - 1]![j - 1]) total += 3;
    }
  }
  return total + 10 * Math.floor(Math.abs((count / (size * size)) * 20 - 10));
}

// Rows of modules, true for dark, without the margin of four that a reader wants; null for a text that is too long.
export function qrCode(text: string): boolean[][] | null {
  const bytes = new TextEncoder().encode(text);
  const version = kTotals.findIndex((total, i) => bytes.length + (i < 9 ? 2 : 3) <= total - kCorrections[i]! * kBlocks[i]!) + 1;
  if (version === 0) return null;
  const words = interleaved(codewords(bytes, version), version);
  const drawings = kMasks.map((_, mask) => draw(words, version, mask));
  const costs = drawings.map(penalty);
  return drawings[costs.indexOf(Math.min(...costs))]!;
}
