// usage: node lighthouse.mjs PUBLIC_DIR [TYPE…]
// Lighthouse on the largest page of every type, as a phone of the middle class sees it: the median of three runs against bars.
import lighthouse from 'lighthouse';
import { chromium } from 'playwright-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { types } from './pages.mjs';
import { serve } from './server.mjs';

const [folder, ...wanted] = process.argv.slice(2);
const RUNS = 3;
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-default-apps', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'];
// What each number may be at most, or has to be at least. Scores of performance wobble on a busy machine; what they are made of less.
const most = { lcp: 1500, tbt: 150, cls: 0.01, bytes: 300 * 1024 };
const least = { performance: 99, accessibility: 100, 'best-practices': 100, seo: 100 };

const free = () => new Promise(resolve => {
  const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
});
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const { base, close } = await serve(folder, '/some/sub/path', { packed: true });
const profile = mkdtempSync(join(tmpdir(), 'zoo-lighthouse-'));
const port = await free();
const browser = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: [...args, `--remote-debugging-port=${port}`] });

// The page for what is not there is not to be found, and says so to search engines.
const kinds = [...types(folder)].filter(([type]) => !type.endsWith('404.html') && (wanted.length === 0 || wanted.includes(type)));
let bad = 0;
for (const [type, pages] of kinds) {
  const { path } = pages.at(-1);
  const runs = [];
  const failing = new Set();
  for (let run = 0; run < RUNS; run++) {
    const { lhr } = await lighthouse(base + path, { port, output: 'json', logLevel: 'error', onlyCategories: Object.keys(least) });
    const audit = id => lhr.audits[id].numericValue;
    const scores = Object.fromEntries(Object.entries(lhr.categories).map(([id, { score }]) => [id, Math.round(score * 100)]));
    runs.push({ ...scores, lcp: audit('largest-contentful-paint'), tbt: audit('total-blocking-time'), cls: audit('cumulative-layout-shift'), bytes: audit('total-byte-weight') });
    for (const id of ['accessibility', 'best-practices', 'seo']) {
      for (const { id: name } of lhr.categories[id].auditRefs.filter(({ id: name, weight }) => weight && (lhr.audits[name].score ?? 1) < 1)) failing.add(name);
    }
  }
  const seen = Object.fromEntries(Object.keys(runs[0]).map(name => [name, median(runs.map(run => run[name]))]));
  const missed = [
    ...Object.entries(least).filter(([name, bar]) => !(seen[name] >= bar)).map(([name, bar]) => `${name} ${seen[name]}, at least ${bar}`),
    ...Object.entries(most).filter(([name, bar]) => !(seen[name] <= bar)).map(([name, bar]) => `${name} ${seen[name]}, at most ${bar}`),
  ];
  bad += missed.length;
  console.log(`${(type || 'home').padEnd(24)} ${Object.keys(least).map(name => seen[name]).join(' ')}  LCP ${Math.round(seen.lcp)} ms  TBT ${Math.round(seen.tbt)} ms  CLS ${seen.cls.toFixed(3)}  ${Math.ceil(seen.bytes / 1024)} KiB  ${path}`);
  for (const problem of missed) console.log(`  ${problem}${failing.size ? ` (${[...failing].join(', ')})` : ''}`);
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
close();
console.log(bad === 0 ? `${kinds.length} types of pages keep every bar` : `${bad} bars are missed`);
process.exit(bad === 0 ? 0 : 1);
