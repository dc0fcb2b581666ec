// usage: node explore.mjs PUBLIC_DIR
// Exits 1 unless models are narrowed down, sorted and compared as their addresses say, and the result is accessible.
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from './server.mjs';

const [folder] = process.argv.slice(2);
const data = JSON.parse(readFileSync(join(folder, 'catalog.min.json'), 'utf8'));
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-default-apps', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'];
const { base, close } = await serve(folder);
const profile = mkdtempSync(join(tmpdir(), 'zoo-explore-'));
const browser = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args });
let bad = 0;
const expect = (what, found, wanted) => {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  console.log(`${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
  bad += 1;
};
const page = await browser.newPage();
page.on('console', message => { if (message.type() === 'error') expect('console', message.text(), ''); });
page.on('pageerror', error => expect('script', String(error), ''));
const accessible = async where => {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  expect(`axe at ${where}`, violations.map(found => `${found.id}: ${found.nodes[0].target}`), []);
};

// What the columns say, counted here in another way than on the page.
const facet = id => data.facet.find(known => known.id === id);
const answers = (model, id) => facet(id)?.of[model].map(term => facet(id).term[term]) ?? [];
const models = data.id.map((id, model) => ({ id, name: data.name[model], date: data.date[model], parameters: data.parameters[model], passed: data.passed[model], answers: axis => answers(model, axis) }));
const ids = wanted => models.filter(wanted).map(model => model.id).sort();
const shown = () => page.$$eval('table.models tbody tr:not([hidden]) th a', links => links.map(link => link.getAttribute('href').split('/').at(-2)));
const ready = () => page.waitForSelector('#ask input:enabled');
const at = async query => { await page.goto(`${base}/models/?${query}`); await ready(); return shown(); };

await page.goto(`${base}/models/`);
await ready();
expect('all models', (await shown()).sort(), ids(() => true));
const asked = {
  'q=arch:decoder': model => model.answers('architecture').includes('decoder'),
  'q=-arch:decoder': model => !model.answers('architecture').includes('decoder'),
  'q=arch:encoder|decoder+year:2019..': model => model.answers('architecture').some(term => ['encoder', 'decoder'].includes(term)) && model.date >= '2019',
  'q=params:<200M': model => model.parameters?.some(count => count < 2e8) ?? false,
  'q=params:1B..10B': model => model.parameters?.some(count => count >= 1e9 && count <= 1e10) ?? false,
  'q=runs:yes': model => model.answers('code').includes('yes'),
  'q=bert': model => model.id.includes('bert') || model.name.toLowerCase().includes('bert'),
  'q=conf:all(pass)': model => model.passed === 100,
  'q=-conf:none': model => model.passed !== null,
  'q=no-such-field:x+arch:decoder': model => model.answers('architecture').includes('decoder'),
  'q=arch:nothing-of-the-kind': () => false,
  'q=%3Cimg+src=x%3E': () => false,
};
for (const [query, wanted] of Object.entries(asked)) expect(query, (await at(query)).sort(), ids(wanted));

for (const [query, told] of Object.entries({ 'q=no-such-field2:x': 'no field “no-such-field2”', 'q=arch:no-such-kind': 'no answer “no-such-kind”', 'q=params:many': '“many” is no number' })) {
  await at(query);
  expect(`${query} is told`, (await page.textContent('#ask output')).includes(told), true);
}

const sizes = new Map(models.map(model => [model.id, model.parameters?.[1] ?? -1]));
const sorted = (await at('sort=-parameters')).map(id => sizes.get(id));
expect('sort=-parameters', sorted, [...sorted].sort((a, b) => b - a));
await page.click('table.models thead th:nth-child(2) button');
const dates = (await shown()).map(id => data.date[data.id.indexOf(id)]);
expect('by date, the newest first', dates, [...dates].sort().reverse());
expect('the address says so', new URL(page.url()).searchParams.get('sort'), '-date');
expect('the head says so', await page.getAttribute('table.models thead th:nth-child(2)', 'aria-sort'), 'descending');

// A click narrows down to as many as it says; none leads to nothing; another click and the way back undo it.
await at('');
await page.click('details.facets summary');
const item = page.locator('[data-term]').first();
const count = Number(await item.locator('.count').textContent());
await item.locator('a, button').first().click();
expect('a click shows as many as it says', (await shown()).length, count);
expect('no answer leads to nothing', await page.$$eval('[data-term]:not([hidden]) .count', all => all.filter(found => found.textContent === '0').length), 0);
await accessible('/models/, narrowed down');
await page.goBack();
expect('the way back', (await shown()).length, models.length);

// Side by side.
const [first, second] = [models[0], models.at(-1)];
await page.goto(`${base}/compare/?m=${first.id},${second.id}`);
await page.waitForSelector('#any table');
expect('columns', await page.$$eval('#sides thead a', links => links.map(link => link.textContent)), [first.name, second.name].filter((name, place, all) => all.indexOf(name) === place));
const marks = await page.$$eval('#sides tbody tr', rows => rows.map(row => [row.className, new Set([...row.cells].slice(2).map(cell => cell.textContent)).size === 1]));
expect('equal lines are marked as equal', marks.filter(([kind, same]) => (kind === 'same') !== same), []);
await page.check('#only');
expect('only differences', await page.$$eval('#sides tbody tr', rows => rows.filter(row => row.offsetParent !== null && row.className !== 'odd').length), 0);
await page.uncheck('#only');
await accessible('/compare/ with two models');
await page.locator('.pick input').nth(2).fill('no such model');
await page.locator('.pick input').nth(2).press('Enter');
expect('an unknown name is told', await page.locator('#sides p').first().textContent(), 'No model is called “no such model”.');
await browser.close();
rmSync(profile, { recursive: true, force: true });
close();
console.log(bad === 0 ? 'models are narrowed down, sorted and compared as asked' : `${bad} problems`);
process.exit(bad === 0 ? 0 : 1);
