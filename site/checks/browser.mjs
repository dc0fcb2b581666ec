// usage: node browser.mjs PUBLIC_DIR [--all]
// Exits 1 on an accessibility violation, a request elsewhere, a console error (a policy violation is one), a page wider than
// the screen, or text or links that differ without JavaScript outside the box in which a model runs.
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { every, others, types } from './pages.mjs';
import { serve } from './server.mjs';

const [folder, ...flags] = process.argv.slice(2);
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const modes = [
  { name: 'light', colorScheme: 'light', spoken: true },
  { name: 'dark', colorScheme: 'dark' },
  { name: 'forced colours', colorScheme: 'light', forcedColors: 'active' },
  { name: '360 px', colorScheme: 'light', viewport: { width: 360, height: 740 }, spoken: true },
  { name: '320 px', colorScheme: 'light', viewport: { width: 320, height: 256 }, spaced: true },
  { name: 'no script', colorScheme: 'light', javaScriptEnabled: false },
];
const spacing = '*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}p{margin-bottom:2em!important}';
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-default-apps', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'];

// The smallest and the largest of each type; and, on a wide and on a narrow screen, of each type the largest in one other language, by turns:
// words differ and the room they take, and nothing else.
function pages(spoken) {
  if (flags.includes('--all')) return every(folder).map(page => page.path);
  const ends = [...types(folder).values()].flatMap(same => [same[0], same.at(-1)]);
  const paths = ends.map(page => page.path);
  if (spoken) {
    const tongues = others.map(other => [...types(folder, other).values()].map(same => same.at(-1).full));
    paths.push(...tongues[0].map((_, at) => tongues[at % tongues.length][at]).filter(Boolean));
  }
  return [...new Set(paths)].sort();
}

// The first line in which two texts differ, as both have it.
function firstDifference(one, other) {
  const [a, b] = [one, other].map(text => (text ?? '').split('\n'));
  const at = a.findIndex((line, index) => line !== b[index]);
  const line = at < 0 ? a.length : at;
  return `line ${line + 1}, ${JSON.stringify(a[line] ?? null)} with it, ${JSON.stringify(b[line] ?? null)} without`;
}

// Under a prefix, as on a host that is shared.
const { base, close } = await serve(folder, '/some/sub/path');
const profiles = mkdtempSync(join(tmpdir(), 'zoo-checks-'));
const words = new Map();
let bad = 0;
for (const { name, spaced, spoken, ...mode } of modes) {
  const script = mode.javaScriptEnabled !== false;
  const browser = await chromium.launchPersistentContext(mkdtempSync(join(profiles, 'p-')), { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args, ...mode });
  const look = async path => {
    const page = await browser.newPage();
    const problems = [];
    page.on('request', request => { const url = new URL(request.url()); if (url.protocol.startsWith('http') && url.origin !== new URL(base).origin) problems.push(`request to ${url.origin}`); });
    page.on('console', message => { if (message.type() === 'error') problems.push(message.text()); });
    page.on('pageerror', error => problems.push(String(error)));
    await page.goto(base + path, { waitUntil: 'load' });
    if (script) {
      let axe = new AxeBuilder({ page }).withTags(tags);
      // Contrast is measured node by node: a few rows stand for a long table or listing.
      if (await page.locator('tbody tr').count() > 400) axe = axe.exclude('tbody tr:nth-child(n+6)');
      if (await page.locator('.source code').count() > 120) axe = axe.exclude('.source code:nth-of-type(n+121)');
      for (const found of (await axe.analyze()).violations) problems.push(`${found.id}: ${found.nodes.slice(0, 3).map(node => node.target.join(' ')).join(' | ')}${found.nodes.length > 3 ? ` and ${found.nodes.length - 3} more` : ''}`);
      if (spaced) await page.evaluate(css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets = [sheet]; }, spacing);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) problems.push(`${over} px wider than the screen`);
    }
    // The box in which a model runs offers a button with a script and a sentence without; what only a script can do stands there only with one.
    const text = await page.evaluate(() => {
      document.querySelectorAll('[data-tryout], [data-script]').forEach(element => element.remove());
      const links = [...document.querySelectorAll('a[href]')].map(link => link.getAttribute('href'));
      return [document.querySelector('main').innerText, ...links].join('\n');
    });
    if (name === 'light') words.set(path, text);
    if (!script && words.get(path) !== text) problems.push(`text or links differ without JavaScript: ${firstDifference(words.get(path), text)}`);
    await page.close();
    return problems;
  };
  // As many pages at a time as there are cores; told in their order.
  const paths = pages(spoken), found = new Map(), left = paths.values();
  await Promise.all(Array.from({ length: availableParallelism() }, async () => { for (const path of left) found.set(path, await look(path)); }));
  for (const path of paths) for (const problem of found.get(path)) { console.log(`${name} ${path}: ${problem}`); bad++; }
  await browser.close();
  console.log(`${name}: ${paths.length} pages looked at`);
}
rmSync(profiles, { recursive: true, force: true });
close();
console.log(bad === 0 ? 'no violation' : `${bad} violations`);
process.exit(bad === 0 ? 0 : 1);
