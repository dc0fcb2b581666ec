// usage: node search.mjs PUBLIC_DIR
// Asks a built site what people ask, as browsers do. Exits 1 if too little of what is meant is found:
// by name, among the first five; by the words of the texts, wherever the words stand.
import { chromium } from 'playwright-core';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { serve } from './server.mjs';

const folder = process.argv[2];
// What stands inside a compound word is not found: of 4516 pages 99.4 % are.
const [NAMES, TEXTS, SLOWEST] = [0.98, 0.99, 150];
const gold = readFileSync(new URL('gold.tsv', import.meta.url), 'utf8').split('\n').filter(line => line && !line.startsWith('#')).map(line => {
  const [language, query, address] = line.split('\t');
  return { language, query: query.replace(/^!/, ''), slip: query.startsWith('!'), address };
});
let bad = 0;
function bar(what, share, least) {
  console.log(`${what}: ${share.toFixed(3)}, at least ${least}`);
  if (!(share >= least)) bad++;
}

const { base, close } = await serve(folder, '/some/sub/path');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();
const errors = [];
page.on('console', message => { if (message.type() === 'error') errors.push(message.text()); });
page.on('pageerror', error => errors.push(String(error)));
await page.goto(`${base}/models/bert/`);

// Typed into the box, and chosen with the keys.
await page.keyboard.press('/');
await page.keyboard.type('robert', { delay: 10 });
await page.waitForSelector('#jump-found li');
await page.keyboard.press('ArrowDown');
const active = await page.getAttribute('#find', 'aria-activedescendant');
await page.keyboard.press('Escape');
const shut = await page.isHidden('#jump-found');
await page.keyboard.press('ArrowDown');
await page.keyboard.press('ArrowDown');
await Promise.all([page.waitForURL('**/models/roberta/'), page.keyboard.press('Enter')]);
if (active !== 'jump-found-0' || !shut) { console.log(`keys: ${active}, ${shut ? 'shut' : 'open'} after Escape`); bad++; }

// Every query by name.
const times = [];
for (const language of ['en', 'zh', 'de']) {
  const asked = gold.filter(entry => entry.language === language);
  const answers = await page.evaluate(async ({ queries, module }) => {
    const { find, more } = await import(module);
    await more();
    return queries.map(query => { const began = performance.now(); return [find(query, 5).map(hit => hit.address), performance.now() - began]; });
  }, { queries: asked.map(entry => entry.query), module: `${base}/search/match.js` });
  const missed = asked.filter((entry, at) => !answers[at][0].includes(entry.address));
  for (const { query, address } of missed) console.log(`${language} “${query}”: ${address} is not among ${answers[asked.findIndex(entry => entry.query === query)][0].join(' ')}`);
  times.push(...answers.map(([, time]) => time));
  bar(`names, ${language}, of ${asked.length}`, 1 - missed.length / asked.length, NAMES);
}
times.sort((a, b) => a - b);
console.log(`names, time: ${times[Math.floor(times.length * 0.95)].toFixed(1)} ms at the 95th of 100`);

// Every query by the words of the texts: all pages with these words have to be found.
function* files(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.name === 'index.html') yield path;
  }
}
if (existsSync(join(folder, 'pagefind'))) {
  await page.goto(`${base}/search/`);
  const words = text => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const texts = new Map();
  const reader = await browser.newPage();
  for (const file of [...files(folder)].sort()) {
    // Read as a browser reads it, without loading anything.
    const html = readFileSync(file, 'utf8');
    const text = await reader.evaluate(html => {
      const main = new DOMParser().parseFromString(html, 'text/html').querySelector('main[data-pagefind-body]');
      // An old address only says where its page stands now.
      if (!main) return '';
      for (const left of main.querySelectorAll('thead, svg, .crumbs, .unseen, script, noscript')) left.remove();
      return main.textContent.replace(/\s+/g, ' ');
    }, html.replaceAll('<', ' <'));
    texts.set('/' + relative(folder, file).split(sep).join('/').replace(/index\.html$/, ''), words(text).join(' '));
  }
  let [wanted, got] = [0, 0];
  const slow = [];
  for (const { language, query, address, slip } of gold.filter(entry => !entry.slip)) {
    const { urls, time } = await page.evaluate(async ({ query, language, module }) => {
      const { pages } = await import(module);
      const urls = (await pages(query, [language], Infinity)).map(page => page.url);
      // What was loaded once is there.
      const began = performance.now();
      await pages(query, [language], 20);
      return { urls, time: performance.now() - began };
    }, { query, language: language === 'zh' && existsSync(join(folder, 'zh')) ? 'zh-hans' : language, module: `${base}/search/texts.js` });
    const found = new Set(urls.map(url => decodeURI(url).replace('/some/sub/path', '')));
    const asked = words(query);
    const expected = language === 'en' ? [...texts].filter(([at, text]) => !/^\/(zh|de)\//.test(at) && ` ${text} `.includes(` ${asked.join(' ')} `)).map(([at]) => at) : [`${existsSync(join(folder, language)) ? `/${language}` : ''}/${decodeURI(address)}`];
    const missed = expected.filter(at => !found.has(at));
    if (missed.length) console.log(`${language} “${query}”: ${missed.length} of ${expected.length} pages are not found: ${missed.slice(0, 4).join(' ')}`);
    wanted += expected.length;
    got += expected.length - missed.length;
    slow.push(time);
  }
  slow.sort((a, b) => a - b);
  const late = slow[Math.floor(slow.length * 0.95)];
  console.log(`texts, time: ${late.toFixed(0)} ms at the 95th of 100, at most ${SLOWEST}`);
  if (late > SLOWEST) bad++;
  bar(`texts, ${wanted} pages`, got / wanted, TEXTS);
} else {
  console.log('texts: no index was made');
}
for (const error of errors) console.log(error);
bad += errors.length;
await browser.close();
close();
console.log(bad === 0 ? 'all is found' : `${bad} bars are missed`);
process.exit(bad === 0 ? 0 : 1);
