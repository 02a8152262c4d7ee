// Takes pictures of the pages for a look at them: node e2e/shots.mjs. Not a test.
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
  await context.close();
}
await close(session);
