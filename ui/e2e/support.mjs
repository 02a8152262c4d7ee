// What the browser tests share: the program under test ($PV_BASE_URL, else the mock), its accounts, Debian's Chromium, and
// the questions asked of the API to know what a page must show.

import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { startMock } from '../mock/server.mjs';

export const kArguments = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export async function open() {
  mkdirSync('test-results', { recursive: true });
  const mock = process.env.PV_BASE_URL ? null : await startMock();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kArguments });
  return { mock, browser, url: (process.env.PV_BASE_URL ?? mock.url).replace(/\/$/, ''), cookies: new Map() };
}

// The accounts of the program under test: 'admin', 'editor' and 'viewer' (of the first company). The mock takes anything.
export function account(session, who) {
  const name = process.env[`PV_${who.toUpperCase()}_USER`];
  const password = process.env[`PV_${who.toUpperCase()}_PASSWORD`];
  if (name === undefined || password === undefined) {
    if (session.mock) return { name: who, password: 'mock' };
    throw new Error(`PV_${who.toUpperCase()}_USER and PV_${who.toUpperCase()}_PASSWORD name no account`);
  }
  return { name, password };
}

// Signs in through the API, once for each account; null where there is no cookie to be had (the mock).
async function cookieOf(session, who) {
  if (!session.cookies.has(who)) {
    const { name, password } = account(session, who);
    const response = await fetch(`${session.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-PowerView': '1' },
      body: JSON.stringify({ user: name, password }),
    });
    if (!response.ok) throw new Error(`signing in as ${name}: ${response.status} ${await response.text()}`);
    const [pair] = (response.headers.getSetCookie()[0] ?? '').split(';');
    const at = pair.indexOf('=');
    session.cookies.set(who, at < 0 ? null : { name: pair.slice(0, at), value: pair.slice(at + 1) });
  }
  return session.cookies.get(who);
}

export async function close(session) {
  await session.browser.close();
  await session.mock?.close();
}

// Every error of a page is kept in `errors`: what breaks the content policy, throws, or is logged as one. `as` is who is signed
// in, the administrator unless said otherwise; null for nobody.
export async function openPage(session, { as = 'admin', ...options } = {}) {
  const context = await session.browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options });
  const cookie = as === null ? null : await cookieOf(session, as);
  if (cookie) await context.addCookies([{ ...cookie, url: session.url, httpOnly: true, sameSite: 'Strict' }]);
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return { context, page, errors };
}

export async function request(session, path, as = 'admin') {
  const cookie = await cookieOf(session, as);
  return fetch(session.url + path, { headers: { Accept: '*/*', ...(cookie ? { Cookie: `${cookie.name}=${cookie.value}` } : {}) } });
}

export async function ask(session, path, as = 'admin') {
  const response = await request(session, `/api/v1${path}`, as);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

export function apiPath(tenant, campaign) {
  return `/tenants/${encodeURIComponent(tenant)}/campaigns/${encodeURIComponent(campaign)}`;
}

export function pathOf(tenant, campaign) {
  return `/t/${encodeURIComponent(tenant)}/${encodeURIComponent(campaign)}`;
}

// The campaigns with data, those with the most samples first.
export async function campaignsOf(session) {
  const { tenants } = await ask(session, '/tenants');
  const all = [];
  for (const tenant of tenants) {
    const { campaigns } = await ask(session, `/tenants/${encodeURIComponent(tenant.name)}/campaigns`);
    for (const campaign of campaigns) if (campaign.from !== null) all.push({ tenant: tenant.name, campaign });
  }
  if (all.length === 0) throw new Error('the program under test has no campaign with data');
  return all.sort((a, b) => b.campaign.samples - a.campaign.samples);
}

// Waits until the curves drawn are those of the period shown.
export async function settled(page) {
  await page.waitForSelector('[data-testid="curve"][data-loading="false"]');
  await page.waitForFunction(() => {
    const period = document.querySelector('[data-testid="period"]');
    const drawn = window.__powerview;
    return drawn && period && drawn.from === Number(period.dataset.from) && drawn.to === Number(period.dataset.to);
  });
}

export async function shownPeriod(page) {
  const period = page.getByTestId('period');
  return { from: Number(await period.getAttribute('data-from')), to: Number(await period.getAttribute('data-to')) };
}

// Drags across the curves from one share of their width to another.
export async function drag(page, from, to) {
  const box = await page.locator('[data-testid="curve"] .u-over').boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  for (let i = 1; i <= 6; ++i) await page.mouse.move(box.x + box.width * (from + ((to - from) * i) / 6), y);
  await page.mouse.up();
  await page.mouse.move(1, 1);
}

// How many pixels of the canvas have this colour, give or take what a blend with its neighbours leaves.
export function countPixels(page, colour) {
  return page.evaluate((hex) => {
    const canvas = document.querySelector('[data-testid="curve"] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 250 && wanted.every((value, k) => Math.abs(data[i + k] - value) <= 6)) found += 1;
    }
    return found;
  }, colour);
}
