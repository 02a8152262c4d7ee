// The pages through a real Caddy with HTTPS, as tests/deploy/caddy.sh sets it up: $PV_PROXY_URL, a viewer's account, $PV_PAGE (the page of a campaign of
// his), $PV_APPEND (a command that brings new rows into it), $PV_TRUSTING_HOME and $PV_STRANGE_HOME (with and without Caddy's certificate authority).

import assert from 'node:assert/strict';
import { execSync } from 'node:child_process';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { kArguments, settled, shownPeriod } from './support.mjs';

const { PV_PROXY_URL: url, PV_PAGE: path, PV_APPEND, PV_VIEWER_USER, PV_VIEWER_PASSWORD, PV_TRUSTING_HOME, PV_STRANGE_HOME } = process.env;

const launch = (home) =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kArguments, env: { ...process.env, HOME: home } });

test('a browser that does not know the certificate authority does not go on', async () => {
  const browser = await launch(PV_STRANGE_HOME);
  const page = await browser.newPage();
  await assert.rejects(page.goto(url), /ERR_CERT_AUTHORITY_INVALID/);
  await browser.close();
});

test('sign-in, curves and live changes go through the proxy', async () => {
  const browser = await launch(PV_TRUSTING_HOME);
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 401/.test(message.text())) errors.push(message.text());
  });
  const streamed = page.waitForResponse((response) => response.url().endsWith('/api/v1/stream'));

  await page.goto(url + path);
  await page.getByTestId('user').fill(PV_VIEWER_USER);
  await page.getByTestId('password').fill(PV_VIEWER_PASSWORD);
  await page.getByTestId('submit').click();
  await settled(page);
  const cookies = await context.cookies();
  assert.equal(cookies.length, 1);
  assert.ok(cookies[0].secure && cookies[0].httpOnly, JSON.stringify({ ...cookies[0], value: '' }));
  assert.equal(cookies[0].sameSite, 'Strict');
  const drawn = await page.evaluate(() => window.__powerview);
  assert.ok(drawn.series.length > 0 && drawn.series.some((series) => series.mean.some((value) => value !== null)), 'no curve is drawn');

  const stream = await streamed;
  assert.equal(stream.status(), 200);
  assert.match(stream.headers()['content-type'], /^text\/event-stream/);
  assert.match(stream.headers()['via'] ?? stream.headers()['server'] ?? '', /Caddy/);
  await page.waitForSelector('[data-testid="live-dot"][data-connected="true"]');
  const before = await shownPeriod(page);
  execSync(PV_APPEND, { stdio: 'inherit' });
  await page.waitForFunction((to) => Number(document.querySelector('[data-testid="period"]').dataset.to) > to, before.to);
  await settled(page);
  assert.ok(Number(await page.getByTestId('live-dot').getAttribute('data-pulses')) >= 1);
  assert.deepEqual(errors, []);
  await browser.close();
});
