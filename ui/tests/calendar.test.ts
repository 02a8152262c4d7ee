import { describe, expect, it } from 'vitest';
import { addDays, fromInput, kDay, kHour, knownZone, offsetAt, shiftSpan, startOfDay, timeTicks, toInput, unixOf, wallOf } from '../src/lib/calendar';

const paris = 'Europe/Paris';
const autumn = Date.UTC(2025, 9, 25, 22) / 1000; // 26 October 2025, 00:00 in Paris
const spring = Date.UTC(2026, 2, 28, 23) / 1000; // 29 March 2026, 00:00 in Paris

describe('local days', () => {
  it('last 25, 23 or 24 hours', () => {
    expect(startOfDay(autumn + 12 * kHour, paris)).toBe(autumn);
    expect(addDays(autumn, 1, paris) - autumn).toBe(25 * kHour);
    expect(addDays(spring, 1, paris) - spring).toBe(23 * kHour);
    expect(addDays(spring, -1, paris) - spring).toBe(-kDay);
  });

  it('have half-hour offsets too', () => {
    expect(offsetAt(autumn, 'Asia/Kolkata')).toBe(19800);
    expect(wallOf(startOfDay(autumn, 'Asia/Kolkata'), 'Asia/Kolkata')).toMatchObject({ hour: 0, minute: 0 });
  });

  it('fall back to UTC for a zone the browser does not know', () => {
    expect(knownZone('Mars/Olympus')).toBe('UTC');
    expect(knownZone(paris)).toBe(paris);
  });
});

describe('unixOf', () => {
  it('takes the first of two readings, and goes on after a skipped one', () => {
    expect(unixOf({ year: 2025, month: 10, day: 26, hour: 2, minute: 30 }, paris)).toBe(autumn + 2.5 * kHour);
    const skipped = unixOf({ year: 2026, month: 3, day: 29, hour: 2, minute: 30 }, paris);
    expect([1, 3]).toContain(wallOf(skipped, paris).hour);
  });

  it('undoes wallOf outside the repeated hour', () => {
    for (let t = spring - 2 * kDay; t < spring + 2 * kDay; t += 1800) expect(unixOf(wallOf(t, paris), paris)).toBe(t);
  });
});

describe('shiftSpan', () => {
  it('moves whole days by days across a clock change', () => {
    expect(shiftSpan(autumn, addDays(autumn, 1, paris), 1, paris)).toEqual({ from: addDays(autumn, 1, paris), to: addDays(autumn, 2, paris) });
    expect(shiftSpan(autumn, addDays(autumn, 7, paris), -1, paris)).toEqual({ from: addDays(autumn, -7, paris), to: autumn });
  });
  it('moves other spans by their length', () => {
    expect(shiftSpan(1000, 1500, 1, paris)).toEqual({ from: 1500, to: 2000 });
  });
});

describe('timeTicks', () => {
  const ascending = (ticks: number[]): boolean => ticks.every((t, i) => i === 0 || t > ticks[i - 1]!);

  it('stand at local midnights over a clock change', () => {
    const ticks = timeTicks(autumn - 2 * kDay, autumn + 3 * kDay, kDay, paris);
    expect(ticks.length).toBe(5);
    for (const t of ticks) expect(wallOf(t, paris).hour).toBe(0);
  });

  it('stand at whole local hours, strictly ascending, on days of 25 and 23 hours', () => {
    for (const day of [autumn, spring]) {
      for (const hours of [1, 2, 3, 6, 12]) {
        const ticks = timeTicks(day, addDays(day, 1, paris), hours * kHour, paris);
        expect(ascending(ticks)).toBe(true);
        expect(ticks.length).toBeGreaterThanOrEqual(24 / hours - 1);
        for (const t of ticks) expect(wallOf(t, paris).minute).toBe(0);
      }
    }
  });

  it('stand at the first of months', () => {
    const ticks = timeTicks(autumn, autumn + 365 * kDay, 30.4 * kDay, paris);
    expect(ticks.length).toBe(12);
    for (const t of ticks) expect(wallOf(t, paris)).toMatchObject({ day: 1, hour: 0 });
  });

  it('keep every second day on the same days while the view moves', () => {
    const a = timeTicks(autumn, autumn + 10 * kDay, 2 * kDay, paris);
    const b = timeTicks(autumn + kDay, autumn + 10 * kDay, 2 * kDay, paris);
    for (const t of b) expect(a).toContain(t);
  });
});

describe('date inputs', () => {
  it('give back what they were given', () => {
    expect(toInput(autumn, paris)).toBe('2025-10-26T00:00');
    expect(fromInput('2025-10-26T00:00', paris)).toBe(autumn);
    expect(fromInput('', paris)).toBeNull();
    expect(fromInput('yesterday', paris)).toBeNull();
  });
});
