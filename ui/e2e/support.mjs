// What the browser tests share: the program under test ($PV_BASE_URL, else the mock), Debian's Chromium, and
// the questions asked of the API to know what a page must show.

import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { startMock } from '../mock/server.mjs';

const kArguments = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export async function open() {
  mkdirSync('test-results', { recursive: true });
  const mock = process.env.PV_BASE_URL ? null : await startMock();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kArguments });
  return { mock, browser, url: (process.env.PV_BASE_URL ?? mock.url).replace(/\/$/, '') };
}

export async function close(session) {
  await session.browser.close();
  await session.mock?.close();
}

// Every error of a page is kept in `errors`: what breaks the content policy, throws, or is logged as one.
export async function openPage(session, options = {}) {
  const context = await session.browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return { context, page, errors };
}

export async function ask(session, path) {
  const response = await fetch(`${session.url}/api/v1${path}`, { headers: { Accept: 'application/json' } });
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
