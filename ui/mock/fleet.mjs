// Campaigns made up in memory for development and tests: rows every `step` seconds, outages, restarts,
// an irregular logger, feed-in. The same seed gives the same values.

const kDay = 86400;

function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

const kShapes = {
  // hour of day (0..24), weekend -> share of the peak power
  office: (h, weekend) => (weekend ? 0.08 : 0.1 + 0.9 * Math.max(0, Math.sin(((h - 6.5) / 13) * Math.PI)) ** 0.6),
  heating: (h, weekend, year) => (0.35 + 0.65 * Math.abs(Math.cos((h / 24) * Math.PI * 2))) * (0.1 + 0.9 * Math.max(0, Math.cos(year * 2 * Math.PI))),
  fridge: (h) => 0.55 + 0.12 * Math.sin(h * 2.1),
  light: (h, weekend) => (weekend ? 0.04 : h > 6 && h < 20 ? 0.85 - 0.4 * Math.sin(((h - 6) / 14) * Math.PI) : 0.06),
  oven: (h) => (h > 3 && h < 7.5 ? 0.95 : h > 14 && h < 16 ? 0.5 : 0.015),
  water: (h) => (h > 22.5 || h < 3 ? 0.9 : 0.02),
  sun: (h, weekend, year) => -Math.max(0, Math.sin(((h - 7) / 11) * Math.PI)) * (0.45 - 0.35 * Math.cos(year * 2 * Math.PI)) - 0.001,
  vent: () => 0.8,
};

function makeLogger(spec, start, end, seed) {
  const next = random(seed);
  const times = [];
  const gaps = [];
  const events = [];
  const outages = (spec.outages ?? []).map(([from, to]) => [start + from * kDay, start + to * kDay]);
  for (let t = start + spec.phase; t < end; t += spec.step) {
    if (outages.some(([from, to]) => t >= from && t < to)) continue;
    times.push(t + (spec.irregular ? Math.floor(next() * spec.irregular) : 0));
  }
  const channels = spec.channels.map((channel, index) => {
    const values = new Float64Array(times.length);
    let drift = 0;
    for (let i = 0; i < times.length; ++i) {
      const t = times[i] + 7200;
      const h = (t % kDay) / 3600;
      const weekend = [2, 3].includes(Math.floor(t / kDay) % 7);
      const year = (t % (365.25 * kDay)) / (365.25 * kDay);
      drift = drift * 0.92 + (next() - 0.5) * 0.16;
      if (channel.unit === 'V') {
        const sag = 3.5 * Math.sin(((h - 8) / 12) * Math.PI);
        values[i] = Math.round((236 + index * 0.9 - sag + drift * 9 + (next() - 0.5) * 1.2) * 100) / 100;
      } else {
        const share = kShapes[channel.shape](h, weekend, year);
        values[i] = Math.round(Math.max(share < 0 ? -1e9 : 0, channel.peak * share * (1 + drift)) * 10) / 10;
      }
    }
    return { ...channel, values };
  });
  for (let i = 1; i < times.length; ++i) {
    if (times[i] - times[i - 1] > 2.5 * spec.step) {
      gaps.push({ logger: spec.sn, from: times[i - 1] + spec.step, to: times[i] });
      events.push({ t: times[i] - Math.min(30, spec.step / 2), logger: spec.sn, kind: 'restart' });
    }
  }
  return { ...spec, times: Float64Array.from(times), channels, gaps, events };
}

function master(sn, subtype, powers) {
  const phases = subtype === 'tri' ? 3 : 1;
  const channels = [];
  for (let i = 1; i <= phases; ++i) {
    channels.push({ device_sn: sn, label: `U${i}`, name: `Ph ${i}`, unit: 'V', device_type: 'master', device_subtype: subtype });
  }
  powers.forEach(([name, shape, peak], i) => {
    channels.push({ device_sn: sn, label: `Ch${i + 1}`, name, unit: 'W', shape, peak, device_type: 'master', device_subtype: subtype });
  });
  return channels;
}

function slave(sn, powers) {
  return powers.map(([name, shape, peak], i) => (
    { device_sn: sn, label: `Ch${i + 1}`, name, unit: 'W', shape, peak, device_type: 'slave', device_subtype: '' }
  ));
}

function identify(logger, channel) {
  const prefix = channel.device_type === 'master' ? 'M' : 'S';
  const channel_id = `${prefix}${channel.device_sn}_${channel.label}_M${logger}`;
  return { channel_id, field: `${channel_id}_${channel.unit}` };
}

function makeFiles(loggers, zone) {
  const files = [];
  for (const logger of loggers) {
    const first = logger.times[0];
    const last = logger.times[logger.times.length - 1];
    for (let t = last; t > first && files.length < 400; t -= kDay) {
      const stamp = new Date(t * 1000).toISOString();
      const name = `T302_${stamp.slice(2, 10).replaceAll('-', '')}_031719.tsv`;
      const digest = Array.from({ length: 64 }, (_, i) => ((Math.imul(t, i + 7) >>> 5) & 15).toString(16)).join('');
      files.push({ name, device_folder: logger.sn, size: 7000 + ((t / 600) % 20000 | 0), digest, zone, stored_at: t + 1040 });
    }
  }
  return files.sort((a, b) => b.stored_at - a.stored_at);
}

export function makeCampaign(name, zone, start, end, specs, conflictCount = 0) {
  const loggers = specs.map((spec, i) => makeLogger(spec, start, end, i * 977 + name.length * 31 + 5));
  for (const logger of loggers) {
    for (const channel of logger.channels) Object.assign(channel, identify(logger.sn, channel), { logger: logger.sn });
  }
  const files = makeFiles(loggers, zone);
  const conflicts = [];
  const target = loggers[0]?.channels.find((channel) => channel.unit === 'W');
  for (let i = 0; i < conflictCount; ++i) {
    const row = 40 + i * 13;
    conflicts.push({ field: target.field, t: loggers[0].times[row], value: target.values[row] * 1.1, kept: target.values[row], file: files[i % files.length].name });
  }
  return { name, zone, loggers, files, conflicts, generation: 1 };
}

export function makeFleet(now) {
  const day = (n) => Math.floor(now / kDay) * kDay + n * kDay;
  const bakery = [
    {
      sn: '02001171', step: 600, phase: 0, outages: [[61.3, 61.55], [140.2, 143.7], [302, 302.2]],
      channels: [
        ...master('02001171', 'tri', [['Arrivée générale', 'office', 14200], ['Éclairage', 'light', 2100], ['Ventilation', 'vent', 640]]),
        ...slave('04000466', [['Four à sole', 'oven', 9800], ['Pétrin', 'oven', 2200], ['Chambre froide', 'fridge', 1750], ['Vitrine', 'fridge', 830]]),
        ...slave('04000467', [['Chauffe-eau', 'water', 2950], ['Chauffage', 'heating', 5200], ['Prises', 'office', 900]]),
      ],
    },
    {
      sn: '02001283', step: 600, phase: 120, outages: [[220, 226.4]],
      channels: [
        ...master('02001283', 'tri', [['Photovoltaïque', 'sun', 6100], ['Climatisation', 'office', 3300], ['Serveur', 'vent', 410]]),
        ...slave('04000501', [['Bureau 1', 'office', 700], ['Bureau 2', 'office', 560], ['Imprimante', 'office', 310], ['Cafetière', 'light', 420]]),
        ...slave('04000502', [['Portail', 'light', 120], ['Alarme', 'vent', 35], ['Recharge véhicule', 'water', 7200]]),
      ],
    },
    {
      sn: '02001311', step: 600, phase: 300,
      channels: [
        ...master('02001311', 'mono', [['Atelier', 'office', 4100], ['Compresseur', 'light', 2600]]),
        ...slave('04000610', [['Séchoir', 'oven', 3100], ['Pompe', 'water', 1100], ['Extracteur', 'vent', 380]]),
        ...slave('04000611', [['Voie1', 'fridge', 260], ['Voie2', 'light', 180]]),
      ],
    },
  ];
  const shop = [{
    sn: '02000800', step: 600, phase: 0, outages: [[3.4, 3.9]],
    channels: master('02000800', 'tri', [['Voie1', 'office', 2400], ['Voie2', 'fridge', 620], ['Voie3', 'sun', 1800]]),
  }];
  const autumn = [{
    sn: '02001084', step: 600, phase: 0,
    channels: master('02001084', 'mono', [['Voie1', 'fridge', 900], ['minipince', 'light', 300]]),
  }];
  const october = Date.UTC(new Date(now * 1000).getUTCFullYear() - 1, 9, 20) / 1000;
  return new Map([
    ['Boulangerie Dupré', [
      makeCampaign('Audit annuel', 'Europe/Paris', day(-364), now - 2 * 3600, bakery, 7),
      makeCampaign('Vitrines été', 'Europe/Paris', day(-40), day(-31), shop),
    ]],
    ['company1', [
      makeCampaign('campaign1', 'Europe/Paris', now - 12 * kDay, now - 900, shop),
      makeCampaign('heure d’hiver', 'Europe/Paris', october, october + 14 * kDay, autumn),
      { name: 'nouvelle', zone: 'Europe/Paris', loggers: [], files: [], conflicts: [], generation: 0 },
    ]],
  ]);
}

// One more row in every logger, as a newly ingested file would bring.
export function appendRows(campaign, rows) {
  for (const logger of campaign.loggers) {
    const n = logger.times.length;
    const times = new Float64Array(n + rows);
    times.set(logger.times);
    for (let i = 0; i < rows; ++i) times[n + i] = times[n + i - 1] + logger.step;
    logger.times = times;
    for (const channel of logger.channels) {
      const values = new Float64Array(n + rows);
      values.set(channel.values);
      for (let i = 0; i < rows; ++i) values[n + i] = channel.values[(n + i) % n];
      channel.values = values;
    }
  }
  campaign.generation += 1;
}
