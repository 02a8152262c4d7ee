// Who is let in and what each sees: signing in and out, roles, the account, administration.
// Needs the accounts of a program: the mock has none.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { account, ask, campaignsOf, close, open, openPage, pathOf, settled } from './support.mjs';

if (!process.env.PV_BASE_URL) {
  test('signing in', { skip: 'set PV_BASE_URL and the accounts' }, () => {});
  process.exit(0);
}

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
let session;
let campaigns;
let company;
before(async () => {
  session = await open();
  campaigns = await campaignsOf(session);
  company = (await ask(session, '/session', 'viewer')).user.tenant;
});
after(() => close(session));

async function signIn(page, name, password) {
  await page.getByTestId('user').fill(name);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('submit').click();
}

async function signOut(page) {
  await page.getByTestId('user-menu').locator('summary').click();
  await page.getByTestId('sign-out').click();
  await page.getByTestId('sign-in').waitFor();
}

// A browser notes each answer above 400 as an error of the page; a sign-in that is refused is meant to be one.
const unexpected = (errors) => errors.filter((error) => !/status of 40[13]/.test(error));

test('nobody sees a page before signing in, and comes to the page asked for', async () => {
  const { page, context, errors } = await openPage(session, { as: null });
  const { tenant, campaign } = campaigns.find((entry) => entry.tenant === company);
  const path = pathOf(tenant, campaign.name);
  await page.goto(session.url + path);
  await page.getByTestId('sign-in').waitFor();
  assert.equal(await page.getByTestId('campaign-card').count(), 0);
  assert.match(await page.title(), /^Sign in/);
  const { name, password } = account(session, 'viewer');
  await signIn(page, name, `${password}x`);
  await page.getByTestId('wrong').waitFor();
  assert.equal(await page.getByTestId('password').inputValue(), '');
  await signIn(page, name, password);
  await settled(page);
  assert.equal(new URL(page.url()).pathname, path);
  assert.ok((await page.getByTestId('user-menu').innerText()).includes(name));

  await signOut(page);
  await page.goto(`${session.url}/sign-in`);
  await signIn(page, name, password);
  await page.getByTestId('campaign-card').first().waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
  assert.deepEqual(unexpected(errors), []);
  await context.close();
});

test('a viewer sees the own company only, and no way to change anything', async () => {
  const { page, context } = await openPage(session, { as: 'viewer' });
  await page.goto(session.url);
  await page.getByTestId('campaign-card').first().waitFor();
  const shown = await page.getByTestId('campaign-card').evaluateAll((cards) => [...new Set(cards.map((card) => card.dataset.tenant))]);
  assert.deepEqual(shown, [company]);
  await page.getByTestId('files-link').click();
  await page.getByTestId('arrivals').waitFor();
  assert.equal(new URL(page.url()).pathname, `/t/${encodeURIComponent(company)}/files`);
  assert.equal(await page.getByTestId('upload').count(), 0);
  await page.goto(`${session.url}/admin`);
  await page.getByTestId('message').waitFor();
  assert.equal(await page.getByTestId('companies').count(), 0);
  await page.goto(`${session.url}/t/${encodeURIComponent(company)}/admin`);
  await page.getByTestId('message').waitFor();
  const other = campaigns.find((entry) => entry.tenant !== company);
  await page.goto(session.url + pathOf(other.tenant, other.campaign.name));
  await page.getByTestId('failure').waitFor();
  await context.close();
});

test('a new user chooses a password first, and sees where he is signed in', async () => {
  const admin = await openPage(session);
  const name = `e2e-${Date.now()}`;
  await admin.page.goto(`${session.url}/t/${encodeURIComponent(company)}/admin`);
  await admin.page.getByTestId('user-name').fill(name);
  await admin.page.getByTestId('user-role').selectOption('editor');
  await admin.page.getByTestId('create-user').getByRole('button').click();
  await admin.page.getByTestId('once').waitFor();
  const first = await admin.page.getByTestId('secret').inputValue();
  assert.ok(first.length >= 16);
  await admin.page.getByTestId('once-close').click();
  await admin.page.locator(`[data-testid="user-row"][data-name="${name}"]`).waitFor();

  const { page, context, errors } = await openPage(session, { as: null });
  await page.goto(session.url);
  await signIn(page, name, first);
  const form = page.getByTestId('choose-password');
  await form.waitFor();
  assert.equal(await page.getByTestId('files-link').count(), 0);
  await form.locator('[name=current]').fill(first);
  await form.locator('[name=next]').fill('short');
  await form.locator('[name=again]').fill('short');
  await form.getByRole('button').click();
  await form.getByRole('alert').waitFor();
  await form.locator('[name=next]').fill('a long new password');
  await form.locator('[name=again]').fill('a long new password');
  await form.getByRole('button').click();
  await page.getByTestId('campaign-card').first().waitFor();
  await page.goto(`${session.url}/account`);
  await page.getByTestId('session-row').first().waitFor();
  await page.getByTestId('factor-begin').click();
  await page.getByTestId('qr').waitFor();
  assert.match(await page.getByTestId('factor-secret').innerText(), /^[A-Z2-7 ]{16,}$/);
  assert.deepEqual(unexpected(errors), []);
  await context.close();

  await admin.page.locator(`[data-testid="user-row"][data-name="${name}"] [data-testid="user-actions"] summary`).click();
  await admin.page.getByRole('button', { name: 'Remove', exact: true }).click();
  await admin.page.getByTestId('confirm-yes').click();
  await admin.page.locator(`[data-testid="user-row"][data-name="${name}"]`).waitFor({ state: 'detached' });
  await admin.context.close();
});

test('a company, a token and an SFTP account are made, shown once, and removed', async () => {
  const { page, context, errors } = await openPage(session);
  const name = `E2E ${Date.now()}`;
  await page.goto(`${session.url}/admin`);
  await page.getByTestId('company-name').fill(name);
  await page.getByTestId('zone').fill('Mars/Base');
  await page.getByTestId('create-company').getByRole('button').click();
  await page.getByTestId('create-company').getByRole('alert').waitFor();
  await page.getByTestId('zone').fill('Europe/Paris');
  await page.getByTestId('step').fill('600');
  await page.getByTestId('quota').fill('2,5');
  await page.getByTestId('create-company').getByRole('button').click();
  const row = page.locator(`[data-testid="company-row"][data-name="${name}"]`);
  await row.waitFor();
  await row.getByRole('link', { name: 'Manage' }).click();

  await page.getByTestId('tab-tokens').click();
  await page.getByTestId('token-name').fill('nightly');
  await page.getByTestId('create-token').getByRole('button').click();
  assert.match(await page.getByTestId('secret').inputValue(), /^pv_/);
  await page.getByTestId('once-close').click();
  await page.getByTestId('token-row').waitFor();

  await page.getByTestId('tab-sftp').click();
  await page.getByTestId('sftp-server').waitFor();
  await page.getByTestId('sftp-name').fill(`e2e-${Date.now()}`);
  await page.getByTestId('create-sftp').getByRole('button').click();
  assert.ok((await page.getByTestId('secret').inputValue()).length >= 20);
  await page.getByTestId('once-close').click();
  await page.getByTestId('sftp-row').waitFor();

  await page.getByTestId('tab-settings').click();
  assert.match(await page.getByTestId('quota-used').innerText(), /2\.5/);
  assert.match(await page.getByTestId('settings-row').first().innerText(), /Europe\/Paris/);
  await page.getByTestId('tab-audit').click();
  await page.getByTestId('audit-row').first().waitFor();

  await page.goto(`${session.url}/admin`);
  await row.getByRole('button', { name: 'Remove' }).click();
  await page.getByTestId('confirm-yes').click();
  await row.waitFor({ state: 'detached' });
  assert.deepEqual(errors, []);
  await context.close();
});

test('a phone scrolls no page about people and files sideways, in both languages', async () => {
  for (const locale of ['fr-FR', 'en-GB']) {
    const { page, context } = await openPage(session, { ...phone, locale });
    const folder = `/t/${encodeURIComponent(company)}`;
    const tabs = ['users', 'tokens', 'sftp', 'settings', 'audit'].map((tab) => `${folder}/admin?tab=${tab}`);
    for (const address of ['/files', `${folder}/files`, '/account', '/admin', '/admin?tab=admins', '/admin?tab=audit', ...tabs]) {
      await page.goto(session.url + address);
      await page.locator('h1').waitFor();
      await page.waitForTimeout(400);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${address} in ${locale} is ${wide} px wide`);
    }
    await context.close();
    const nobody = await openPage(session, { ...phone, locale, as: null });
    await nobody.page.goto(session.url);
    await nobody.page.getByTestId('sign-in').waitFor();
    assert.ok((await nobody.page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
    await nobody.context.close();
  }
});
