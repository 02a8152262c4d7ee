// Files handed in on the page: chosen, dropped as a tree, refused, listed with their fates.
// Needs the accounts of a program: the mock takes no files.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, close, open, openPage } from './support.mjs';

if (!process.env.PV_BASE_URL) {
  test('handing files in', { skip: 'set PV_BASE_URL and the accounts' }, () => {});
  process.exit(0);
}

let session;
let company;
const campaign = `E2E ${Date.now()}`;
before(async () => {
  session = await open();
  company = (await ask(session, '/session', 'editor')).user.tenant;
});
after(() => close(session));

const folder = () => `${session.url}/t/${encodeURIComponent(company)}`;
const notALogger = { name: 'T302_251110_notes.tsv', mimeType: 'text/plain', buffer: Buffer.from('no logger wrote this\n') };

// $PV_UPLOAD is a logger's file that the program under test takes.
async function loggerFile() {
  if (!process.env.PV_UPLOAD) return null;
  const { readFileSync } = await import('node:fs');
  const { basename } = await import('node:path');
  return { name: basename(process.env.PV_UPLOAD), mimeType: 'text/plain', buffer: readFileSync(process.env.PV_UPLOAD) };
}

test('a file that is none of a logger is refused where it was handed in, and says why', async () => {
  const { page, context } = await openPage(session, { as: 'editor' });
  await page.goto(`${folder()}/files`);
  await page.getByTestId('files-input').setInputFiles([notALogger]);
  await page.getByTestId('plan-send').click();
  assert.equal(await page.getByTestId('upload-row').count(), 0, 'it asks for a campaign first');
  await page.getByTestId('plan-campaign').fill(campaign);
  await page.getByTestId('plan-device').fill('02302');
  await page.getByTestId('plan-send').click();
  await page.locator('[data-testid="upload-row"][data-state="failed"]').waitFor();
  assert.match(await page.getByTestId('upload-wrong').innerText(), /no file of a logger/);
  await page.getByTestId('dismiss-ended').click();
  assert.equal(await page.getByTestId('uploads').count(), 0);
  await context.close();
});

test('files handed in show their receipts, and the list shows their fates by itself', async (t) => {
  const file = await loggerFile();
  if (!file) return t.skip('set PV_UPLOAD to a file of a logger');
  const watching = await openPage(session, { as: 'viewer' });
  await watching.page.goto(`${folder()}/files?campaign=${encodeURIComponent(campaign)}`);
  await watching.page.getByTestId('arrivals').waitFor();
  await watching.page.waitForSelector('[data-testid="live-dot"][data-connected="true"]');

  const { page, context, errors } = await openPage(session, { as: 'editor' });
  await page.goto(`${folder()}/files`);
  await page.getByTestId('files-input').setInputFiles([file]);
  await page.getByTestId('plan-campaign').fill(campaign);
  await page.getByTestId('plan-device').fill('02302');
  await page.getByTestId('plan-send').click();
  await page.locator('[data-testid="upload-row"][data-fate="stored"]').waitFor();
  await page.getByTestId('show-receipt').click();
  assert.match(await page.getByTestId('uploads').getByTestId('receipt').innerText(), /Rows/);

  const row = watching.page.locator('[data-testid="arrival"][data-state="committed"]');
  await row.first().waitFor();
  await row.first().getByRole('button').first().click();
  await watching.page.getByTestId('file-detail').getByTestId('receipt').waitFor();
  assert.equal(await watching.page.getByTestId('ways-out').count(), 0, 'a viewer settles nothing');
  assert.match(new URL(watching.page.url()).search, /file=\d+/);
  await watching.context.close();

  // The same once more does no harm.
  await page.getByTestId('dismiss-ended').click();
  await page.getByTestId('files-input').setInputFiles([file]);
  await page.getByTestId('plan-campaign').fill(campaign);
  await page.getByTestId('plan-device').fill('02302');
  await page.getByTestId('plan-send').click();
  await page.locator('[data-testid="upload-row"][data-fate="stored"]').waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test('files dropped anywhere on the page are asked for their place, and others left out', async () => {
  const { page, context, errors } = await openPage(session, { as: 'editor' });
  await page.goto(`${folder()}/files`);
  await page.getByTestId('upload').waitFor();
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['x'], 'a.tsv'));
    transfer.items.add(new File(['x'], 'readme.md'));
    window.dispatchEvent(new DragEvent('dragover', { dataTransfer: transfer, cancelable: true }));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
  });
  await page.getByTestId('upload-plan').waitFor();
  assert.equal(await page.getByTestId('plan-group').count(), 1);
  assert.match(await page.getByTestId('plan-left').innerText(), /readme\.md/);
  assert.deepEqual(errors, []);
  await context.close();
});

test('a folder that is chosen names its campaigns and devices', async () => {
  const { mkdtempSync, mkdirSync, writeFileSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const root = mkdtempSync(join(tmpdir(), 'powerview-'));
  try {
    for (const device of ['02302', '02303']) {
      mkdirSync(join(root, 'Site A', device), { recursive: true });
      writeFileSync(join(root, 'Site A', device, 'T302_251110.tsv'), 'x');
    }
    const { page, context } = await openPage(session, { as: 'editor' });
    await page.goto(`${folder()}/files`);
    await page.getByTestId('folder-input').setInputFiles(join(root, 'Site A'));
    await page.getByTestId('upload-plan').waitFor();
    const devices = await page.getByTestId('plan-device').evaluateAll((inputs) => inputs.map((input) => input.value));
    assert.deepEqual(devices, ['02302', '02303']);
    assert.deepEqual(await page.getByTestId('plan-campaign').evaluateAll((inputs) => inputs.map((input) => input.value)), ['Site A', 'Site A']);
    await context.close();
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('the filters choose by state and age, and a link keeps them', async () => {
  const { page, context } = await openPage(session, { as: 'admin' });
  await page.goto(`${session.url}/files`);
  await page.getByTestId('arrivals').waitFor();
  for (const state of ['waiting', 'held', 'rejected', 'committed']) {
    const asked = state === 'waiting' ? 'waiting=1' : `state=${state}`;
    const answered = page.waitForResponse((response) => response.url().includes('/arrivals?') && response.url().includes(asked));
    await page.getByTestId(`state-${state}`).click();
    const { files } = await (await answered).json();
    await page.waitForFunction((n) => document.querySelectorAll('[data-testid="arrival"]').length === n, files.filter((file) => state !== 'waiting' || file.state !== 'held').length);
    assert.equal(new URL(page.url()).search, `?state=${state}`);
  }
  await page.getByTestId('filter-age').selectOption('7');
  await page.reload();
  await page.getByTestId('arrivals').waitFor();
  assert.equal(await page.getByTestId('state-committed').getAttribute('aria-pressed'), 'true');
  assert.equal(await page.getByTestId('filter-age').inputValue(), '7');
  await page.getByTestId('filter-company').selectOption(company);
  await page.waitForURL(`**/t/${encodeURIComponent(company)}/files?state=committed&days=7`);
  await context.close();
});
