import { describe, expect, it } from 'vitest';
import { timeLabels, valueLabels, inLane, paddedRange } from '../src/chart/axes';
import { ago, bytes, count, duration, energy, exact, exactTime, fixed, kilowattHours, kNothing, percent, quantity, roughDuration, scaleFor } from '../src/lib/format';

// Locales write thin and no-break spaces; which of them matters to nobody here.
const plain = (text: string): string => text.replace(/[\u00a0\u202f\u2009]/g, ' ');

describe('numbers', () => {
  it('follow the locale', () => {
    expect(plain(count(1234567, 'fr-FR'))).toBe('1 234 567');
    expect(count(1234567, 'en-GB')).toBe('1,234,567');
    expect(plain(fixed(1234.5, 1, 'fr-FR'))).toBe('1 234,5');
    expect(fixed(-0.001, 1, 'en-GB')).toBe('0.0');
  });

  it('scale powers and energies by size, sign aside', () => {
    expect(plain(quantity(999.94, 'W', 'en-GB'))).toBe('999.9 W');
    expect(plain(quantity(2400, 'W', 'fr-FR'))).toBe('2,40 kW');
    expect(plain(quantity(-2400, 'W', 'en-GB'))).toBe('-2.40 kW');
    expect(plain(quantity(2.4, 'kW', 'en-GB'))).toBe('2.40 kW');
    expect(plain(quantity(0.24, 'kW', 'en-GB'))).toBe('240.0 W');
    expect(plain(quantity(236.42, 'V', 'fr-FR'))).toBe('236,4 V');
    expect(plain(energy(950, 'en-GB'))).toBe('950 Wh');
    expect(plain(energy(18_722_000, 'fr-FR'))).toBe('18,7 MWh');
    expect(plain(quantity(0, 'W', 'en-GB'))).toBe('0.0 W');
  });

  it('tell values apart that differ in the last decimal', () => {
    expect(plain(exact(245.67, 'V', 'fr-FR'))).toBe('245,67 V');
    expect(exact(9240.1, 'W', 'en-GB')).not.toBe(exact(9240.2, 'W', 'en-GB'));
    expect(exact(null, 'W', 'en-GB')).toBe(kNothing);
  });

  it('say when there is nothing', () => {
    expect(quantity(null, 'W', 'en-GB')).toBe(kNothing);
    expect(quantity(NaN, 'W', 'en-GB')).toBe(kNothing);
    expect(kilowattHours(null, 'en-GB')).toBe(kNothing);
  });

  it('keep kWh in one unit', () => {
    expect(kilowattHours(1500, 'en-GB')).toBe('1.50');
    expect(kilowattHours(42_706_630, 'en-GB')).toBe('42,707');
  });

  it('leave units they do not know alone', () => {
    expect(scaleFor(5000, 'A')).toEqual({ divisor: 1, unit: 'A' });
    expect(quantity(3, '', 'en-GB')).toBe('3.00');
  });
});

describe('percent', () => {
  it('never rounds to all or nothing', () => {
    expect(percent(0.99996, 'en-GB')).toBe('99.9%');
    expect(percent(0.0001, 'en-GB')).toBe('0.1%');
    expect(percent(1, 'en-GB')).toBe('100%');
    expect(percent(0, 'en-GB')).toBe('0%');
    expect(plain(percent(0.973, 'fr-FR'))).toBe('97,3 %');
  });
});

describe('times', () => {
  it('tell the two passes through a repeated hour apart', () => {
    const first = Date.UTC(2025, 9, 26, 0, 30) / 1000;
    expect(exactTime(first, 'Europe/Paris', 'en-GB')).toContain('02:30');
    expect(exactTime(first + 3600, 'Europe/Paris', 'en-GB')).toContain('02:30');
    expect(exactTime(first, 'Europe/Paris', 'en-GB')).not.toBe(exactTime(first + 3600, 'Europe/Paris', 'en-GB'));
  });

  it('say how long ago and how long', () => {
    expect(ago(0, 3 * 86400, 'en-GB')).toBe('3 days ago');
    expect(ago(0, 2 * 3600 + 5, 'fr-FR')).toBe('il y a 2 heures');
    expect(ago(100, 90, 'en-GB')).toBe('now');
    expect(plain(duration(2 * 86400 + 3 * 3600 + 59, 'en-GB'))).toMatch(/^2 days 3 hrs?$/);
    expect(plain(duration(600, 'fr-FR'))).toBe('10 min');
    expect(plain(duration(0, 'en-GB'))).toMatch(/^0 secs?$/);
    expect(plain(roughDuration(20977, 'fr-FR'))).toBe('≈ 6 h');
    expect(plain(roughDuration(600, 'fr-FR'))).toBe('10 min');
    expect(plain(bytes(7340, 'en-GB'))).toBe('7.3 kB');
  });
});

describe('axes', () => {
  it('write the date once, where it begins', () => {
    const midnight = Date.UTC(2025, 6, 1, 22) / 1000;
    const labels = timeLabels([midnight - 7200, midnight, midnight + 7200], 7200, 'Europe/Paris', 'en-GB');
    expect(labels[0]).toContain('22:00\n');
    expect(labels[1]).toContain('00:00\n');
    expect(labels[2]).toBe('02:00');
  });

  it('use one unit for all marks', () => {
    expect(valueLabels([0, 500, 1000, 1500], 500, 'W', 'en-GB').map(plain)).toEqual(['0.0 kW', '0.5 kW', '1.0 kW', '1.5 kW']);
    expect(valueLabels([0, 50, null], 50, 'W', 'en-GB').map(plain)).toEqual(['0 W', '50 W', '']);
    expect(new Set(valueLabels([230, 230.5, 231], 0.5, 'V', 'fr-FR')).size).toBe(3);
  });

  it('show the zero of powers and never flatten voltages', () => {
    expect(paddedRange(100, 200, 'W')[0]).toBe(0);
    expect(paddedRange(-50, 200, 'W')[0]).toBeLessThan(-50);
    expect(paddedRange(230, 230, 'V')).toEqual([230 - 3.48, 230 + 3.48]);
  });

  it('keep lanes apart: the lowest voltage stands above the highest power', () => {
    const [w0, w1] = inLane([0, 100], 'W');
    const [v0, v1] = inLane([220, 240], 'V');
    expect((100 - w0) / (w1 - w0)).toBeLessThan((220 - v0) / (v1 - v0));
  });
});
