// Stands in for the program: the same addresses, answers, headers and refusals, over made-up campaigns.
//   node mock/server.mjs [--port 8787] [--dist dist]
// An administrator is signed in from the beginning, and no file waits; what people and files need beyond that only the program has.
// POST /mock/append?tenant=&campaign=&rows= adds rows and announces them; only this stand-in has it.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, channelList, describe, energy, query } from './answers.mjs';
import { appendRows, makeFleet } from './fleet.mjs';

const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const kPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

const kUser = { name: 'admin', role: 'admin', tenant: null, second_factor: false, must_change_password: false };
const kNoArrivals = { files: [], counts: { received: 0, claimed: 0, parsed: 0, committed: 0, held: 0, rejected: 0 } };

class Problem extends Error {
  constructor(status, title, detail) {
    super(detail);
    Object.assign(this, { status, title, detail });
  }
}

function integer(params, key) {
  const text = params.get(key);
  if (text === null || !/^-?\d+$/.test(text)) throw new Problem(400, 'Bad request', `"${key}" is no whole number of seconds: ${text}`);
  return Number(text);
}

function span(params, toKey = 'to') {
  const from = integer(params, 'from');
  const to = integer(params, toKey);
  if (from >= to) throw new Problem(400, 'Bad request', '"from" is not before "to"');
  return [from, to];
}

function fieldsOf(params, allowed) {
  for (const key of params.keys()) if (!allowed.includes(key)) throw new Problem(400, 'Bad request', `unknown parameter "${key}"`);
  return params.has('channels') ? params.get('channels').split(',').filter(Boolean) : null;
}

export function startMock({ port = 0, dist = fileURLToPath(new URL('../dist', import.meta.url)), now = Math.floor(Date.now() / 1000) } = {}) {
  const fleet = makeFleet(now);
  const listeners = new Set();
  const sendJson = (response, value, status = 200, type = 'application/json') => {
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    response.end(JSON.stringify(value));
  };
  const find = (tenant, name) => {
    const campaigns = fleet.get(tenant);
    if (!campaigns) throw new Problem(404, 'No such company', `there is no company "${tenant}"`);
    const campaign = campaigns.find((entry) => entry.name === name);
    if (name !== undefined && !campaign) throw new Problem(404, 'No such campaign', `"${tenant}" has no campaign "${name}"`);
    return { campaigns, campaign };
  };
  const announce = (tenant, generation) => {
    for (const response of listeners) response.write(`event: change\ndata: ${JSON.stringify({ tenant, generation })}\n\n`);
  };

  const api = (request, response, parts, params) => {
    if (parts[0] === 'stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      response.write(': hello\n\n');
      listeners.add(response);
      request.on('close', () => listeners.delete(response));
      return;
    }
    if (parts[0] === 'session') {
      if (request.method === 'DELETE') return response.writeHead(204).end();
      return sendJson(response, { user: kUser, version: 'mock' });
    }
    if (parts[0] === 'arrivals' || (parts.length === 3 && parts[2] === 'arrivals')) return sendJson(response, kNoArrivals);
    if (parts[0] !== 'tenants') throw new Problem(404, 'Not found', 'no such address');
    if (parts.length === 1) return sendJson(response, { tenants: [...fleet].map(([name, list]) => ({ name, campaigns: list.length })) });
    if (parts.length === 3 && parts[2] === 'campaigns') return sendJson(response, { campaigns: find(parts[1]).campaigns.map(describe) });
    if (parts.length < 4) throw new Problem(404, 'Not found', 'no such address');
    const { campaign } = find(parts[1], parts[3]);
    if (parts.length === 4) return sendJson(response, { ...describe(campaign), generation: campaign.generation, channel_list: channelList(campaign) });
    switch (parts[4]) {
      case 'query': {
        const fields = fieldsOf(params, ['from', 'to', 'points', 'channels', 'format']);
        const [from, to] = span(params);
        const points = Number(params.get('points') ?? 1500);
        if (!(points >= 1 && points <= 10000)) throw new Problem(400, 'Bad request', '"points" must lie between 1 and 10000');
        const answer = query(campaign, from, to, points, fields);
        const wants = params.get('format') ?? ((request.headers.accept ?? '').includes('application/vnd.powerview.columns') ? 'binary' : 'json');
        if (wants !== 'binary') return sendJson(response, answer);
        response.writeHead(200, { 'Content-Type': 'application/vnd.powerview.columns', 'Cache-Control': 'no-store' });
        return response.end(binary(answer));
      }
      case 'energy': {
        const fields = fieldsOf(params, ['from', 'to', 'bucket', 'channels']);
        const bucket = params.get('bucket') ?? 'day';
        if (!['hour', 'day', 'week', 'month'].includes(bucket)) throw new Problem(400, 'Bad request', `"bucket" cannot be "${bucket}"`);
        return sendJson(response, energy(campaign, ...span(params), bucket, fields));
      }
      case 'files':
        return sendJson(response, { files: campaign.files.slice(0, Number(params.get('limit') ?? 200)) });
      case 'conflicts':
        return sendJson(response, { conflicts: campaign.conflicts.slice(0, Number(params.get('limit') ?? 200)) });
      case 'export': {
        const fields = fieldsOf(params, ['to', 'from', 'to_time', 'channels']);
        if (!['csv', 'samples', 'line-protocol'].includes(params.get('to'))) throw new Problem(400, 'Bad request', '"to" must be csv, samples or line-protocol');
        const answer = query(campaign, ...span(params, 'to_time'), 1e9, fields);
        response.writeHead(200, { 'Content-Type': 'text/csv; charset=utf-8', 'Content-Disposition': 'attachment; filename="export.csv"' });
        response.write(`time,${answer.channels.map((channel) => channel.field).join(',')}\n`);
        answer.times.forEach((t, i) => response.write(`${t},${answer.channels.map((channel) => channel.mean[i] ?? '').join(',')}\n`));
        return response.end();
      }
      default:
        throw new Problem(404, 'Not found', 'no such address');
    }
  };

  const page = (response, path) => {
    const file = normalize(join(dist, path));
    const inside = file.startsWith(dist) && existsSync(file) && statSync(file).isFile();
    if (!inside && path.startsWith('/assets/')) throw new Problem(404, 'Not found', 'no such file');
    const shown = inside ? file : join(dist, 'index.html');
    if (!existsSync(shown)) throw new Problem(503, 'No pages', 'run "npm run build" first');
    response.writeHead(200, { 'Content-Type': kTypes[extname(shown)] ?? 'application/octet-stream', 'Content-Security-Policy': kPolicy, 'X-Content-Type-Options': 'nosniff' });
    createReadStream(shown).pipe(response);
  };

  const server = createServer((request, response) => {
    try {
      const url = new URL(request.url, 'http://mock');
      if (url.pathname === '/mock/append' && request.method === 'POST') {
        const tenant = url.searchParams.get('tenant');
        const { campaign } = find(tenant, url.searchParams.get('campaign'));
        appendRows(campaign, Number(url.searchParams.get('rows') ?? 1));
        announce(tenant, campaign.generation);
        return sendJson(response, { generation: campaign.generation });
      }
      if (url.pathname.startsWith('/api/v1/')) {
        return api(request, response, url.pathname.slice(8).split('/').map(decodeURIComponent), url.searchParams);
      }
      page(response, decodeURIComponent(url.pathname));
    } catch (error) {
      const status = error.status ?? 500;
      sendJson(response, { title: error.title ?? 'Error', status, detail: error.detail ?? error.message }, status, 'application/problem+json');
    }
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => {
          for (const response of listeners) response.end();
          server.closeAllConnections();
          return new Promise((done) => server.close(done));
        },
      });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, fallback) => {
    const i = process.argv.indexOf(name);
    return i > 0 ? process.argv[i + 1] : fallback;
  };
  const mock = await startMock({ port: Number(option('--port', 8787)) });
  console.log(`mock of PowerView at ${mock.url}`);
}
