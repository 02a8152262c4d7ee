// What the program answers to a query over one campaign, computed from rows in memory.

function lowerBound(times, t) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function describe(campaign) {
  const loggers = campaign.loggers.map((logger) => ({
    sn: logger.sn,
    from: logger.times[0] ?? null,
    to: logger.times[logger.times.length - 1] ?? null,
    step_s: logger.step,
    rows: logger.times.length,
    samples: logger.times.length * logger.channels.length,
    channels: logger.channels.length,
    last_file: (() => {
      const file = campaign.files.find((entry) => entry.device_folder === logger.sn);
      return file ? { name: file.name, stored_at: file.stored_at } : null;
    })(),
  }));
  const sum = (key) => loggers.reduce((total, logger) => total + logger[key], 0);
  return {
    name: campaign.name,
    zone: campaign.zone,
    from: loggers.length ? Math.min(...loggers.map((logger) => logger.from)) : null,
    to: loggers.length ? Math.max(...loggers.map((logger) => logger.to)) : null,
    samples: sum('samples'),
    rows: sum('rows'),
    files: campaign.files.length,
    conflicts: campaign.conflicts.length,
    channels: sum('channels'),
    loggers,
  };
}

export function channelList(campaign) {
  return campaign.loggers.flatMap((logger) => logger.channels.map((channel) => ({
    field: channel.field, channel_id: channel.channel_id, logger: logger.sn, device_sn: channel.device_sn, label: channel.label,
    name: channel.name, unit: channel.unit, device_type: channel.device_type, device_subtype: channel.device_subtype,
  })));
}

// Seconds measured in [from, to): each row covers the step that follows it, cut at the next row.
function measured(logger, from, to) {
  let seconds = 0;
  const start = Math.max(0, lowerBound(logger.times, from) - 1);
  for (let i = start; i < logger.times.length && logger.times[i] < to; ++i) {
    const end = Math.min(logger.times[i] + logger.step, logger.times[i + 1] ?? Infinity, to);
    seconds += Math.max(0, end - Math.max(logger.times[i], from));
  }
  return seconds;
}

function wattHours(logger, channel, from, to) {
  if (channel.unit !== 'W' && channel.unit !== 'kW') return null;
  let sum = 0;
  let any = false;
  const start = Math.max(0, lowerBound(logger.times, from) - 1);
  for (let i = start; i < logger.times.length && logger.times[i] < to; ++i) {
    const end = Math.min(logger.times[i] + logger.step, logger.times[i + 1] ?? Infinity, to);
    const seconds = end - Math.max(logger.times[i], from);
    if (seconds <= 0) continue;
    sum += (channel.values[i] * seconds) / 3600;
    any = true;
  }
  return any ? sum * (channel.unit === 'kW' ? 1000 : 1) : null;
}

function chosen(campaign, fields) {
  const all = campaign.loggers.flatMap((logger) => logger.channels.map((channel) => ({ logger, channel })));
  if (!fields) return all;
  return fields.map((field) => {
    const found = all.find((entry) => entry.channel.field === field);
    if (!found) throw Object.assign(new Error(`unknown channel ${field}`), { status: 400 });
    return found;
  });
}

export function query(campaign, from, to, points, fields) {
  const picked = chosen(campaign, fields);
  const loggers = [...new Set(picked.map((entry) => entry.logger))];
  const stamps = new Set();
  for (const logger of loggers) {
    for (let i = lowerBound(logger.times, from); i < logger.times.length && logger.times[i] < to; ++i) stamps.add(logger.times[i]);
  }
  const raw = stamps.size <= points;
  const step = raw ? 0 : Math.max(1, Math.ceil((to - from) / points));
  const times = raw
    ? Float64Array.from(stamps).sort()
    : Float64Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);
  const n = times.length;
  const place = new Map();
  if (raw) times.forEach((t, i) => place.set(t, i));
  const summary = [];
  const channels = picked.map(({ logger, channel }) => {
    const mean = new Array(n).fill(null);
    const min = raw ? null : new Array(n).fill(null);
    const max = raw ? null : new Array(n).fill(null);
    const counts = raw ? null : new Array(n).fill(0);
    let count = 0;
    let sum = 0;
    let low = Infinity;
    let high = -Infinity;
    for (let i = lowerBound(logger.times, from); i < logger.times.length && logger.times[i] < to; ++i) {
      const value = channel.values[i];
      count += 1;
      sum += value;
      low = Math.min(low, value);
      high = Math.max(high, value);
      if (raw) {
        mean[place.get(logger.times[i])] = value;
        continue;
      }
      const b = Math.floor((logger.times[i] - from) / step);
      mean[b] = (mean[b] ?? 0) + value;
      counts[b] += 1;
      min[b] = min[b] === null ? value : Math.min(min[b], value);
      max[b] = max[b] === null ? value : Math.max(max[b], value);
    }
    if (!raw) for (let b = 0; b < n; ++b) if (counts[b]) mean[b] /= counts[b];
    summary.push({
      field: channel.field, unit: channel.unit, count,
      min: count ? low : null, max: count ? high : null, mean: count ? sum / count : null,
      energy_wh: wattHours(logger, channel, from, to), coverage: measured(logger, from, to) / (to - from),
    });
    return raw ? { field: channel.field, unit: channel.unit, mean } : { field: channel.field, unit: channel.unit, min, max, mean };
  });
  const events = loggers.flatMap((logger) => logger.events.filter((event) => event.t >= from && event.t < to)).sort((a, b) => a.t - b.t);
  const gaps = loggers.flatMap((logger) => logger.gaps.filter((gap) => gap.to > from && gap.from < to)).sort((a, b) => a.from - b.from);
  return {
    from, to, generation: campaign.generation, zone: campaign.zone, mode: raw ? 'raw' : 'buckets', step_s: step,
    times: [...times], channels, summary,
    coverage: summary.length ? summary.reduce((total, entry) => total + entry.coverage, 0) / summary.length : 0,
    events, gaps, events_truncated: false, gaps_truncated: false,
  };
}

export function binary(answer) {
  const { times, channels, ...rest } = answer;
  const names = answer.mode === 'raw' ? ['mean'] : ['min', 'max', 'mean'];
  const header = Buffer.from(JSON.stringify({
    ...rest, points: times.length, channels: channels.map(({ field, unit }) => ({ field, unit, arrays: names })),
  }));
  const start = Math.ceil((8 + header.length) / 8) * 8;
  const out = Buffer.alloc(start + times.length * 8 + channels.length * names.length * times.length * 4);
  out.write('PVQ1', 0, 'latin1');
  out.writeUInt32LE(header.length, 4);
  header.copy(out, 8);
  let offset = start;
  for (const t of times) offset = out.writeDoubleLE(t, offset);
  for (const channel of channels) {
    for (const name of names) for (const value of channel[name]) offset = out.writeFloatLE(value ?? NaN, offset);
  }
  return out;
}

const wallFormats = new Map();
function wall(t, zone) {
  if (!wallFormats.has(zone)) {
    wallFormats.set(zone, new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }));
  }
  return Object.fromEntries(wallFormats.get(zone).formatToParts(t * 1000).map((part) => [part.type, Number(part.value)]));
}

function midnight(zone, year, month, day) {
  const local = Date.UTC(year, month - 1, day) / 1000;
  for (const guess of [local - 43200, local + 43200]) {
    const w = wall(guess, zone);
    const t = local - (Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second) / 1000 - guess);
    const check = wall(t, zone);
    if (check.hour === 0 && check.minute === 0) return t;
  }
  return local;
}

function* bucketEdges(from, zone, bucket) {
  if (bucket === 'hour') {
    for (let t = Math.floor(from / 3600) * 3600; ; t += 3600) yield t;
  }
  const w = wall(from, zone);
  const weekday = (new Date(Date.UTC(w.year, w.month - 1, w.day)).getUTCDay() + 6) % 7;
  for (let i = 0; ; ++i) {
    if (bucket === 'day') yield midnight(zone, w.year, w.month, w.day + i);
    else if (bucket === 'week') yield midnight(zone, w.year, w.month, w.day - weekday + 7 * i);
    else yield midnight(zone, w.year, w.month + i, 1);
  }
}

export function energy(campaign, from, to, bucket, fields) {
  const picked = chosen(campaign, fields);
  const buckets = [];
  let previous = null;
  for (const edge of bucketEdges(from, campaign.zone, bucket)) {
    if (previous !== null) buckets.push({ from: Math.max(previous, from), to: Math.min(edge, to) });
    if (edge >= to) break;
    if (buckets.length > 10000) throw Object.assign(new Error('too many buckets: ask for a shorter period or a longer bucket'), { status: 400 });
    previous = edge;
  }
  return {
    zone: campaign.zone,
    buckets,
    channels: picked.map(({ logger, channel }) => ({
      field: channel.field,
      energy_wh: buckets.map((span) => wattHours(logger, channel, span.from, span.to)),
      coverage: buckets.map((span) => measured(logger, span.from, span.to) / (span.to - span.from)),
    })),
  };
}

