// Takes pictures of the pages for a look at them: node e2e/shots.mjs [LOOK]. Not a test. With $PV_UPLOAD, a logger's file, also of its receipt.
import { campaignsOf, close, open, openPage, pathOf, settled } from './support.mjs';

const session = await open();
const { tenant, campaign } = (await campaignsOf(session))[0];
const path = pathOf(tenant, campaign.name);
const looks = [
  { name: 'desktop-light-fr', options: { locale: 'fr-FR', colorScheme: 'light' } },
  { name: 'desktop-dark-en', options: { locale: 'en-GB', colorScheme: 'dark' } },
  { name: 'phone-light-en', options: { locale: 'en-GB', colorScheme: 'light', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } },
  { name: 'phone-dark-fr', options: { locale: 'fr-FR', colorScheme: 'dark', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } },
];
const only = process.argv[2];

// Only a program has people, and files with fates.
async function shootPeople(page, shot) {
  const company = `/t/${encodeURIComponent(tenant)}`;
  const pages = [
    ['6-arrivals', `${company}/files`], ['7-all-files', '/files'], ['8-account', '/account'], ['9-companies', '/admin'], ['10-trail', '/admin?tab=audit'],
    ['11-users', `${company}/admin`], ['12-tokens', `${company}/admin?tab=tokens`], ['13-sftp', `${company}/admin?tab=sftp`], ['14-settings', `${company}/admin?tab=settings`],
  ];
  for (const [name, address] of pages) {
    await page.goto(session.url + address);
    await page.locator('main h1').waitFor();
    await page.waitForTimeout(600);
    await shot(name);
  }
  await page.goto(`${session.url}${company}/files?state=held`);
  await page.getByTestId('arrivals').waitFor();
  const held = page.getByTestId('arrival').first();
  await page.waitForTimeout(600);
  if ((await held.count()) > 0) {
    await held.getByRole('button').first().click();
    await page.getByTestId('file-detail').waitFor();
    await page.waitForTimeout(500);
    await shot('15-held');
  }
  await page.getByTestId('files-input').setInputFiles([
    { name: 'T302_251110.tsv', mimeType: 'text/plain', buffer: Buffer.from('no logger wrote this\n') },
    { name: 'T302_251111.tsv', mimeType: 'text/plain', buffer: Buffer.from('no logger wrote this either\n') },
  ]);
  await page.getByTestId('plan-campaign').fill(campaign.name);
  await page.getByTestId('plan-device').fill('02302');
  await page.waitForTimeout(300);
  await shot('16-plan');
  await page.getByTestId('plan-send').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="upload-row"][data-state="failed"]').length === 2);
  await shot('17-upload');
  if (!process.env.PV_UPLOAD) return;
  await page.getByTestId('dismiss-ended').click();
  await page.getByTestId('files-input').setInputFiles(process.env.PV_UPLOAD);
  await page.getByTestId('plan-campaign').fill('Essai');
  await page.getByTestId('plan-device').fill('02302');
  await page.getByTestId('plan-send').click();
  await page.getByTestId('show-receipt').click();
  await page.waitForTimeout(300);
  await shot('18-receipt');
}

async function shootSignIn(look) {
  const { page, context } = await openPage(session, { ...look.options, as: null });
  await page.goto(`${session.url}/`);
  await page.getByTestId('sign-in').waitFor();
  await page.screenshot({ path: `test-results/${look.name}-0-sign-in.png` });
  await context.close();
}

for (const look of looks.filter((entry) => !only || entry.name.includes(only))) {
  const { page, context } = await openPage(session, look.options);
  const shot = (name) => page.screenshot({ path: `test-results/${look.name}-${name}.png`, fullPage: true });
  await page.goto(`${session.url}/`);
  await page.getByTestId('campaign-card').first().waitFor();
  await shot('1-home');
  await page.goto(session.url + path);
  await settled(page);
  await page.waitForTimeout(700);
  await shot('2-year');
  await page.getByTestId('zoom-7').click();
  await settled(page);
  const box = await page.getByTestId('curve').boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5);
  await page.waitForTimeout(700);
  await shot('3-week');
  await page.goto(`${session.url}${path}?tab=files`);
  await page.getByTestId('files').waitFor();
  await page.waitForTimeout(300);
  await page.screenshot({ path: `test-results/${look.name}-4-files.png` });
  await page.goto(`${session.url}${path}?tab=conflicts`);
  await page.getByTestId('conflicts').waitFor();
  await page.waitForTimeout(300);
  await page.screenshot({ path: `test-results/${look.name}-5-conflicts.png` });
  if (!session.mock) await shootPeople(page, shot);
  await context.close();
  if (!session.mock) await shootSignIn(look);
}
await close(session);
