// The curves are those of the data: values, colours, gaps, zoom, channels, energy.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiPath, ask, campaignsOf, close, countPixels, drag, open, openPage, pathOf, request, settled, shownPeriod } from './support.mjs';

let session;
let tenant;
let campaign;
let detail;
before(async () => {
  session = await open();
  ({ tenant, campaign } = (await campaignsOf(session))[0]);
  detail = await ask(session, apiPath(tenant, campaign.name));
});
after(() => close(session));

async function openCampaign(options, search = '') {
  const opened = await openPage(session, options);
  const requests = [];
  opened.page.on('request', (request) => {
    if (request.url().includes('/query?')) requests.push(request.url());
  });
  await opened.page.goto(session.url + pathOf(tenant, campaign.name) + search);
  await settled(opened.page);
  return { ...opened, requests };
}

// What the API answers in JSON to the page's own last question.
async function asked(requests) {
  const url = new URL(requests.at(-1));
  url.searchParams.set('format', 'json');
  return ask(session, url.pathname.replace('/api/v1', '') + url.search);
}

function assertSame(drawn, answer, fields) {
  assert.deepEqual(drawn.times, answer.times);
  const columns = new Map(answer.channels.map((channel) => [channel.field, channel.mean]));
  assert.deepEqual(drawn.series.map((series) => series.field), fields);
  for (const series of drawn.series) {
    const expected = columns.get(series.field);
    series.mean.forEach((value, i) => {
      if (expected[i] === null || value === null) assert.equal(value, expected[i], `${series.field} at ${answer.times[i]}`);
      else assert.ok(Math.abs(value - expected[i]) <= 1e-6 * Math.abs(expected[i]) + 1e-6, `${series.field} at ${answer.times[i]}: ${value}, not ${expected[i]}`);
    });
  }
}

const drawnNow = (page) => page.evaluate(() => window.__powerview);

test('the whole period is drawn with the values the API gives', async () => {
  const { page, context, errors, requests } = await openCampaign();
  const answer = await asked(requests);
  assert.equal(answer.from, campaign.from);
  assertSame(await drawnNow(page), answer, answer.channels.map((channel) => channel.field));
  assert.equal(Number(await page.getByTestId('coverage').getAttribute('data-value')), answer.coverage);
  assert.equal(Number(await page.getByTestId('curve').getAttribute('data-gaps')), answer.gaps.length);
  assert.equal(Number(await page.getByTestId('curve').getAttribute('data-events')), answer.events.length);
  assert.equal(await page.getByTestId('legend-row').count(), detail.channel_list.length);
  assert.deepEqual(errors, []);
  await context.close();
});

test('a channel’s line has its colour on the canvas, and none of it when switched off', async () => {
  const { page, context, requests } = await openCampaign();
  const answer = await asked(requests);
  const field = answer.summary.find((entry) => entry.count > 10 && entry.max > entry.min).field;
  const row = page.locator(`[data-testid="legend-row"][data-field="${field}"]`);
  await row.hover();
  await row.getByTestId('solo').click();
  await page.mouse.move(1, 1);
  await page.waitForFunction(() => window.__powerview?.series.length === 1);
  const colour = await row.getByTestId('toggle').getAttribute('data-colour');
  assert.ok((await countPixels(page, colour)) > 200, 'the line is not on the canvas');
  await row.getByTestId('toggle').click();
  await page.waitForFunction(() => window.__powerview?.series.length === 0);
  assert.equal(await countPixels(page, colour), 0);
  await page.getByTestId('curve-empty').waitFor();
  await context.close();
});

test('no line crosses a gap of its logger', async (t) => {
  const whole = await ask(session, `${apiPath(tenant, campaign.name)}/query?from=${campaign.from}&to=${campaign.to + 1}&points=10`);
  const gap = [...whole.gaps].sort((a, b) => b.to - b.from - (a.to - a.from))[0];
  if (!gap) return t.skip('the campaign under test has no gap');
  const length = gap.to - gap.from;
  const field = detail.channel_list.find((channel) => channel.logger === gap.logger && channel.unit !== 'V')?.field ?? detail.channel_list.find((channel) => channel.logger === gap.logger).field;
  const { page, context } = await openCampaign({}, `?from=${gap.from - length}&to=${gap.to + length}&only=${field}`);
  const colour = await page.locator(`[data-testid="legend-row"][data-field="${field}"] [data-testid="toggle"]`).getAttribute('data-colour');
  const columns = await page.evaluate((hex) => {
    const canvas = document.querySelector('[data-testid="curve"] canvas');
    const over = document.querySelector('[data-testid="curve"] .u-over');
    const ratio = canvas.width / canvas.clientWidth;
    const left = Math.round(over.offsetLeft * ratio);
    const width = Math.round(over.clientWidth * ratio);
    const { data } = canvas.getContext('2d').getImageData(left, 0, width, canvas.height);
    const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    const has = new Array(width).fill(false);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 250 && wanted.every((value, k) => Math.abs(data[i + k] - value) <= 6)) has[(i / 4) % width] = true;
    }
    return has;
  }, colour);
  // The gap is the middle third; a margin on both sides for the steps at its borders.
  const share = (from, to) => columns.slice(Math.round(columns.length * from), Math.round(columns.length * to)).filter(Boolean).length;
  assert.equal(share(0.38, 0.62), 0, 'the line runs on through the gap');
  assert.ok(share(0, 0.3) + share(0.7, 1) > 0, 'no line beside the gap either');
  await context.close();
});

test('a drag zooms in, a double click goes back, and a link keeps the view', async () => {
  const { page, context, requests } = await openCampaign();
  const whole = await shownPeriod(page);
  await drag(page, 0.3, 0.5);
  await page.waitForFunction((from) => Number(document.querySelector('[data-testid="period"]').dataset.from) !== from, whole.from);
  await settled(page);
  const zoomed = await shownPeriod(page);
  const span = whole.to - whole.from;
  assert.ok(Math.abs(zoomed.from - (whole.from + 0.3 * span)) < 0.02 * span);
  assert.ok(Math.abs(zoomed.to - (whole.from + 0.5 * span)) < 0.02 * span);
  const answer = await asked(requests);
  assertSame(await drawnNow(page), answer, answer.channels.map((channel) => channel.field));
  const query = new URL(page.url()).searchParams;
  assert.equal(Number(query.get('from')), zoomed.from);

  await drag(page, 0.2, 0.6);
  await page.waitForFunction((from) => Number(document.querySelector('[data-testid="period"]').dataset.from) !== from, zoomed.from);
  await settled(page);
  const box = await page.locator('[data-testid="curve"] .u-over').boundingBox();
  await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
  await settled(page);
  assert.deepEqual(await shownPeriod(page), zoomed);
  await page.reload();
  await settled(page);
  assert.deepEqual(await shownPeriod(page), zoomed);
  await page.getByTestId('zoom-back').click();
  await settled(page);
  assert.deepEqual(await shownPeriod(page), whole);
  assert.equal(new URL(page.url()).search, '');
  await context.close();
});

test('a short period shows each measurement', async () => {
  const { page, context, requests } = await openCampaign();
  await page.getByTestId('zoom-1').click();
  await page.waitForFunction((from) => Number(document.querySelector('[data-testid="period"]').dataset.from) !== from, campaign.from);
  await settled(page);
  const answer = await asked(requests);
  assert.equal(await page.getByTestId('detail').getAttribute('data-mode'), answer.mode);
  assertSame(await drawnNow(page), answer, answer.channels.map((channel) => channel.field));
  await context.close();
});

test('many zooms in a row end with the curves of the last one', async () => {
  const { page, context, requests } = await openCampaign();
  for (const days of [1, 7, 30, 7, 1, 30, 7]) await page.getByTestId(`zoom-${days}`).click();
  await settled(page);
  const shown = await shownPeriod(page);
  const answer = await asked(requests);
  assert.deepEqual([answer.from, answer.to], [shown.from, shown.to]);
  assertSame(await drawnNow(page), answer, answer.channels.map((channel) => channel.field));
  await context.close();
});

test('channels go off and on, alone, by device, all and none', async () => {
  const { page, context } = await openCampaign();
  const fields = detail.channel_list.map((channel) => channel.field);
  const drawn = async (n) => {
    await page.waitForFunction((count) => window.__powerview?.series.length === count, n);
    return (await drawnNow(page)).series.map((series) => series.field);
  };
  const row = (field) => page.locator(`[data-testid="legend-row"][data-field="${field}"]`);
  await row(fields[1]).getByTestId('toggle').click();
  assert.ok(!(await drawn(fields.length - 1)).includes(fields[1]));
  assert.ok(page.url().includes('hide='));
  await row(fields[1]).getByTestId('toggle').click();
  await drawn(fields.length);
  await row(fields[0]).locator('.title').dblclick();
  assert.deepEqual(await drawn(1), [fields[0]]);
  await page.getByTestId('channels-all').click();
  await drawn(fields.length);
  await row(fields[2]).getByTestId('toggle').click({ modifiers: ['Alt'] });
  assert.deepEqual(await drawn(1), [fields[2]]);
  await page.getByTestId('channels-all').click();
  await page.getByTestId('channels-none').click();
  await drawn(0);
  const device = detail.channel_list[0].device_sn;
  await page.getByTestId('group-toggle').first().click();
  const group = detail.channel_list.filter((channel) => channel.device_sn === device && channel.logger === detail.channel_list[0].logger);
  assert.deepEqual(await drawn(group.length), group.map((channel) => channel.field));
  await context.close();
});

test('sums of energy are the sums of what the API measured', async () => {
  const { page, context } = await openCampaign();
  const path = apiPath(tenant, campaign.name);
  const span = `from=${campaign.from}&to=${campaign.to + 1}`;
  const { summary } = await ask(session, `${path}/query?${span}&points=100`);
  const expected = summary.reduce((sum, entry) => sum + (entry.energy_wh ?? 0), 0);
  const share = Number(await page.getByTestId('energy-share').getAttribute('data-sum-wh'));
  assert.ok(Math.abs(share - expected) <= 1e-9 * Math.abs(expected) + 1e-6, `${share} Wh shown, ${expected} Wh measured`);
  await page.waitForFunction(() => Number(document.querySelector('[data-testid="energy-bars"]').dataset.bars) > 0);
  const bars = page.getByTestId('energy-bars');
  const energy = await ask(session, `${path}/energy?${span}&bucket=${await bars.getAttribute('data-bucket')}`);
  const total = energy.channels.flatMap((channel) => channel.energy_wh).reduce((sum, value) => sum + (value ?? 0), 0);
  assert.equal(Number(await bars.getAttribute('data-bars')), energy.buckets.length);
  const shown = Number(await bars.getAttribute('data-sum-wh'));
  assert.ok(Math.abs(shown - total) <= 1e-9 * Math.abs(total) + 1e-6, `${shown} Wh in bars, ${total} Wh by the API`);
  await context.close();
});

test('the values under the cursor show beside it and in the table', async () => {
  const { page, context } = await openCampaign();
  const box = await page.locator('[data-testid="curve"] .u-over').boundingBox();
  await page.mouse.move(box.x + box.width * 0.37, box.y + box.height * 0.5);
  await page.getByTestId('curve-tip').waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('[data-testid="cursor-value"]')].some((cell) => /\d/.test(cell.textContent)));
  await page.mouse.move(1, 1);
  await page.getByTestId('curve-tip').waitFor({ state: 'detached' });
  await context.close();
});

test('exports give the period shown as a download', async () => {
  const { page, context } = await openCampaign();
  await page.getByTestId('zoom-1').click();
  await settled(page);
  const shown = await shownPeriod(page);
  await page.getByTestId('export-menu').locator('summary').click();
  for (const format of ['csv', 'samples', 'line-protocol']) {
    const link = new URL(await page.getByTestId(`export-${format}`).getAttribute('href'), session.url);
    assert.equal(Number(link.searchParams.get('from')), shown.from);
    assert.equal(Number(link.searchParams.get('to_time')), shown.to);
    const response = await request(session, link.pathname + link.search);
    assert.equal(response.status, 200, `${format}: ${response.status}`);
    assert.ok((await response.text()).length > 0);
  }
  await context.close();
});
