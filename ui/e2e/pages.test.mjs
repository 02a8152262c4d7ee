// The pages around the curves: home, languages, colours, phones, failures, live data.

import assert from 'node:assert/strict';
import { execSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { apiPath, ask, campaignsOf, close, drag, open, openPage, pathOf, settled, shownPeriod } from './support.mjs';

let session;
let campaigns;
before(async () => {
  session = await open();
  campaigns = await campaignsOf(session);
});
after(() => close(session));

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

test('home shows every campaign, and a click opens it', async () => {
  const { page, context, errors } = await openPage(session);
  await page.goto(session.url);
  const { tenants } = await ask(session, '/tenants');
  let expected = 0;
  for (const tenant of tenants) expected += (await ask(session, `/tenants/${encodeURIComponent(tenant.name)}/campaigns`)).campaigns.length;
  const cards = page.getByTestId('campaign-card');
  await cards.first().waitFor();
  assert.equal(await cards.count(), expected);
  const { tenant, campaign } = campaigns[0];
  const card = page.locator('[data-testid="campaign-card"]', { has: page.getByRole('heading', { name: campaign.name, exact: true }) }).first();
  assert.ok((await card.textContent()).includes(campaign.samples.toLocaleString('en-GB')));
  await page.screenshot({ path: 'test-results/home.png', fullPage: true });
  await card.click();
  await settled(page);
  assert.equal(new URL(page.url()).pathname, pathOf(tenant, campaign.name));
  await page.goBack();
  await cards.first().waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test('the browser’s language is spoken, and the switch is remembered', async () => {
  const { tenant, campaign } = campaigns[0];
  const french = await openPage(session, { locale: 'fr-FR' });
  await french.page.goto(session.url + pathOf(tenant, campaign.name));
  await settled(french.page);
  assert.equal(await french.page.locator('html').getAttribute('lang'), 'fr');
  assert.equal(await french.page.getByTestId('tab-curves').innerText(), 'Courbes');
  assert.match(await french.page.getByTestId('coverage').innerText(), /\d\s%/);
  await french.page.getByTestId('lang-switch').click();
  assert.equal(await french.page.getByTestId('tab-curves').innerText(), 'Curves');
  await french.page.reload();
  await settled(french.page);
  assert.equal(await french.page.getByTestId('tab-curves').innerText(), 'Curves');
  await french.context.close();
  const english = await openPage(session, { locale: 'en-GB' });
  await english.page.goto(session.url);
  await english.page.getByTestId('campaign-card').first().waitFor();
  assert.equal(await english.page.locator('html').getAttribute('lang'), 'en');
  assert.equal(await english.page.locator('h1').innerText(), 'Measurement campaigns');
  await english.context.close();
});

test('dark colours follow the system, and the switch is remembered', async () => {
  const { tenant, campaign } = campaigns[0];
  const { page, context } = await openPage(session, { colorScheme: 'dark' });
  await page.goto(session.url + pathOf(tenant, campaign.name));
  await settled(page);
  const brightness = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((sum, value) => sum + Number(value), 0));
  assert.ok((await brightness()) < 150);
  await page.screenshot({ path: 'test-results/dark.png', fullPage: true });
  await page.getByTestId('theme-switch').click();
  assert.ok((await brightness()) > 600);
  await page.reload();
  await settled(page);
  assert.ok((await brightness()) > 600);
  await context.close();
});

test('a phone scrolls no page sideways, in both languages', async () => {
  const { tenant, campaign } = campaigns[0];
  for (const locale of ['fr-FR', 'en-GB']) {
    const { page, context } = await openPage(session, { ...phone, locale });
    const path = pathOf(tenant, campaign.name);
    for (const address of ['/', `/t/${encodeURIComponent(tenant)}`, path, `${path}?tab=files`, `${path}?tab=conflicts`]) {
      await page.goto(session.url + address);
      await page.waitForLoadState('load');
      if (address === path) {
        await settled(page);
        await page.waitForTimeout(500);
        await page.screenshot({ path: `test-results/phone-${locale}.png`, fullPage: true });
      } else await page.waitForTimeout(300);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${address} in ${locale} is ${wide} px wide`);
    }
    await context.close();
  }
});

test('a finger zooms in along the curves and a double tap goes back', async () => {
  const { tenant, campaign } = campaigns[0];
  const { page, context } = await openPage(session, phone);
  await page.goto(session.url + pathOf(tenant, campaign.name));
  await settled(page);
  await page.getByTestId('curve').scrollIntoViewIfNeeded();
  const whole = await shownPeriod(page);
  const box = await page.locator('[data-testid="curve"] .u-over').boundingBox();
  const client = await context.newCDPSession(page);
  const y = box.y + box.height / 2;
  const touch = (type, share) => client.send('Input.dispatchTouchEvent', { type, touchPoints: share === null ? [] : [{ x: box.x + box.width * share, y }] });
  await touch('touchStart', 0.25);
  for (const share of [0.35, 0.45, 0.55, 0.65, 0.75]) await touch('touchMove', share);
  await touch('touchEnd', null);
  await page.waitForFunction((from) => Number(document.querySelector('[data-testid="period"]').dataset.from) > from, whole.from);
  await settled(page);
  const zoomed = await shownPeriod(page);
  assert.ok(Math.abs((zoomed.to - zoomed.from) / (whole.to - whole.from) - 0.5) < 0.08);
  // Two taps are one gesture only where they are fast, which a busy machine may not be: again, then.
  for (let tries = 0; tries < 20 && (await shownPeriod(page)).from !== whole.from; ++tries) {
    await Promise.all([touch('touchStart', 0.5), touch('touchEnd', null), touch('touchStart', 0.5), touch('touchEnd', null)]);
    await page.waitForTimeout(500);
  }
  assert.deepEqual(await shownPeriod(page), whole);
  await context.close();
});

test('files and conflicts are listed', async () => {
  const { tenant, campaign } = campaigns[0];
  const { page, context, errors } = await openPage(session);
  await page.goto(session.url + pathOf(tenant, campaign.name));
  await settled(page);
  await page.getByTestId('tab-files').click();
  const { files } = await ask(session, `${apiPath(tenant, campaign.name)}/files?limit=200`);
  await page.waitForFunction((n) => document.querySelectorAll('[data-testid="file-row"]').length === n, files.length);
  if (files.length > 0) assert.ok((await page.getByTestId('files').innerText()).includes(files[0].name));
  await page.getByTestId('tab-conflicts').click();
  const { conflicts } = await ask(session, `${apiPath(tenant, campaign.name)}/conflicts?limit=200`);
  await page.getByTestId('conflicts').waitFor();
  await page.waitForFunction((n) => document.querySelectorAll('[data-testid="conflict-row"]').length === n, conflicts.length);
  await page.getByTestId('tab-curves').click();
  await settled(page);
  assert.deepEqual(errors, []);
  await context.close();
});

test('an installation without data says how to bring files in', async () => {
  const { page, context } = await openPage(session);
  await page.route('**/api/v1/tenants', (route) => route.fulfill({ json: { tenants: [] } }));
  await page.goto(session.url);
  assert.ok((await page.getByTestId('empty-home').innerText()).includes('powerview ingest'));
  await context.close();
});

test('a failure says what happened, and trying again works', async () => {
  const { tenant, campaign } = campaigns[0];
  const { page, context } = await openPage(session);
  // The stream's opening refreshes the page, which would then get well without a click.
  await page.route('**/api/v1/stream', (route) => route.abort());
  let broken = true;
  await page.route('**/query?*', (route) => {
    if (!broken) return route.continue();
    return route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Busy', status: 503, detail: 'the store is being checked' }) });
  });
  await page.goto(session.url + pathOf(tenant, campaign.name));
  assert.ok((await page.getByTestId('failure').innerText()).includes('the store is being checked'));
  broken = false;
  await page.getByTestId('failure').getByRole('button').click();
  await settled(page);
  // With data on the page a failure keeps it there.
  broken = true;
  await page.getByTestId('zoom-7').click();
  await page.getByText('the last data received is shown').waitFor();
  assert.ok(await page.evaluate(() => window.__powerview.times.length > 0));
  await context.close();
});

test('a failure stays while the server is asked again by itself, and goes with the answer', async () => {
  const { tenant, campaign } = campaigns[0];
  const { page, context } = await openPage(session);
  let openStream;
  const mayOpen = new Promise((resolve) => (openStream = resolve));
  await page.route('**/api/v1/stream', (route) => mayOpen.then(() => route.continue()));
  let answer;
  let asked = 0;
  const mayAnswer = new Promise((resolve) => (answer = resolve));
  await page.route('**/query?*', (route) => {
    asked += 1;
    if (asked > 1) return mayAnswer.then(() => route.continue());
    return route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Busy', status: 503, detail: 'the store is being checked' }) });
  });
  await page.goto(session.url + pathOf(tenant, campaign.name));
  await page.getByTestId('failure').waitFor();
  const again = page.waitForRequest('**/query?*');
  openStream();
  await again;
  assert.ok(await page.getByTestId('failure').isVisible());
  answer();
  await settled(page);
  await context.close();
});

test('a campaign that does not exist says so', async () => {
  const { page, context } = await openPage(session);
  await page.goto(`${session.url}${pathOf(campaigns[0].tenant, 'no such campaign')}`);
  await page.getByTestId('failure').waitFor();
  await page.goto(`${session.url}/nowhere`);
  await page.getByTestId('message').waitFor();
  await context.close();
});

// Against the real program, $PV_APPEND must be a shell command that brings new rows into the campaign with the latest data.
test('new data shows by itself, and a zoom stays', async (t) => {
  if (!session.mock && !process.env.PV_APPEND) return t.skip('set PV_APPEND to a command that brings new rows in');
  const { tenant, campaign } = [...campaigns].sort((a, b) => b.campaign.to - a.campaign.to)[0];
  const append = async () => {
    if (!session.mock) return execSync(process.env.PV_APPEND, { stdio: 'inherit' });
    const query = new URLSearchParams({ tenant, campaign: campaign.name, rows: '3' });
    return fetch(`${session.url}/mock/append?${query}`, { method: 'POST' });
  };
  const { page, context, errors } = await openPage(session);
  await page.goto(session.url + pathOf(tenant, campaign.name));
  await settled(page);
  await page.waitForSelector('[data-testid="live-dot"][data-connected="true"]');
  const before = await shownPeriod(page);
  await append();
  await page.waitForFunction((to) => Number(document.querySelector('[data-testid="period"]').dataset.to) > to, before.to);
  await settled(page);
  const latest = await ask(session, apiPath(tenant, campaign.name));
  assert.equal((await shownPeriod(page)).to, latest.to + 1);
  assert.ok(Number(await page.getByTestId('live-dot').getAttribute('data-pulses')) >= 1);

  if (session.mock) {
    await drag(page, 0.6, 0.8);
    await page.waitForFunction(() => location.search.includes('from='));
    await settled(page);
    const zoomed = await shownPeriod(page);
    const answered = page.waitForResponse((response) => response.url().includes('/query?'));
    await append();
    await answered;
    await settled(page);
    assert.deepEqual(await shownPeriod(page), zoomed);
  }
  assert.deepEqual(errors, []);
  await context.close();
});
