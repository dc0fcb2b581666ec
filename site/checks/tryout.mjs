// usage: node tryout.mjs PUBLIC_DIR ZOO
// Runs every family's example in its page and compares what the page is told with what the program ZOO prints of the same
// checkpoint. Nothing of the model may be loaded before the click; no page may break its policy, ask another host, or be
// inaccessible with an answer on it, in light, dark, forced colours and on a phone.
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { serve } from './server.mjs';

const TOLERANCE = 1e-4;
const [folder, zoo] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const modes = [
  { name: 'dark', colorScheme: 'dark' },
  { name: 'forced colours', forcedColors: 'active' },
  { name: '360 px', viewport: { width: 360, height: 740 } },
];
const models = readdirSync(join(folder, 'models')).filter(id => existsSync(join(folder, 'models', id, 'demo'))).sort();
const work = mkdtempSync(join(tmpdir(), 'zoo-tryout-'));
const { base, close } = await serve(folder);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
const kinds = new Set();
let bad = 0;

for (const id of models) {
  const problems = [];
  try {
    console.log(`${id}: ${await looked(id, problems)}`);
  } catch (error) {
    problems.push(`${error.message}`.split('\n')[0]);
    console.log(`${id}:`);
  }
  for (const problem of problems) console.log(`  ${problem}`);
  bad += problems.length;
}
await browser.close();
close();
rmSync(work, { recursive: true, force: true });
if (models.length === 0) console.log('no model runs in its page');
console.log(bad === 0 && models.length > 0 ? 'pages and program agree' : `${bad} problems`);
process.exit(bad === 0 && models.length > 0 ? 0 : 1);

// One model: its examples in the page and by the program, and the page in every mode.
async function looked(id, problems) {
  const { page, answer: first } = await opened(id, {}, problems, true);
  const answers = [first];
  for (const example of await page.locator('.ask [role=group] button').all()) {
    if ((await example.innerText()) !== 'Clear') answers.push(await asked(page, () => example.click()));
  }
  let worst = 0;
  for (const { request, answer } of answers) worst = Math.max(worst, compare(told(id, request), answer, problems));
  problems.push(...await violations(page));
  const maps = await page.locator('.small-map').count();
  if (maps < 1) problems.push('no attention map is drawn');
  await page.locator('.small-map').last().click();
  if (!(await page.locator('.large').innerText()).includes('head')) problems.push('the large map has no words');
  await page.context().close();
  // Models that do the same look the same.
  const kind = Object.keys(first.answer).sort().join() + first.answer.attention.length;
  for (const { name, ...mode } of kinds.has(kind) ? [] : modes) {
    const { page: other } = await opened(id, mode, problems);
    problems.push(...(await violations(other)).map(problem => `${name}: ${problem}`));
    await other.context().close();
  }
  kinds.add(kind);
  return `${answers.length} answers, largest difference ${worst.toExponential(1)}, ${maps} maps, the first answer ${Math.round(first.after)} ms after the click`;
}

// The page of a model with its first answer. With `stops`, it is stopped and started again on the way.
async function opened(id, mode, problems, stops = false) {
  const context = await browser.newContext(mode);
  const page = await context.newPage();
  const loaded = [];
  page.on('request', request => {
    loaded.push(new URL(request.url()).pathname);
    if (!request.url().startsWith(base)) problems.push(`request to ${request.url()}`);
  });
  page.on('console', message => { if (message.type() === 'error') problems.push(message.text()); });
  page.on('pageerror', error => problems.push(String(error)));
  await page.goto(`${base}/models/${id}/`, { waitUntil: 'networkidle' });
  const early = loaded.filter(path => path.includes('/demo/') || (path.includes('/tryout/') && !/\/box\.(js|css)$/.test(path)));
  if (early.length > 0) problems.push(`loaded before the click: ${early.join(', ')}`);
  const began = performance.now();
  let answer = await asked(page, () => page.locator('.start button').click());
  answer.after = performance.now() - began;
  if (stops && await page.locator('.ask button:text-is("Run")').count() > 0) {
    // Pressed while the answer is made: both come in one turn of the page, so the answer cannot be quicker.
    await page.evaluate(() => {
      const [run, stop] = ['Run', 'Stop'].map(text => [...document.querySelectorAll('.ask button')].find(button => button.textContent === text));
      run.click();
      stop.click();
    });
    await page.waitForFunction(() => document.querySelector('.said').textContent === 'Stopped.');
    const after = answer.after;
    answer = await asked(page, () => page.locator('.ask button.go').click());
    answer.after = after;
  }
  return { page, answer };
}

async function asked(page, act) {
  const answer = page.evaluate(() => new Promise((resolve, reject) => {
    document.querySelector('[data-tryout]').addEventListener('answer', event => resolve(event.detail), { once: true });
    const said = () => document.querySelector('.said');
    setInterval(() => said()?.classList.contains('wrong') && reject(new Error(said().textContent)), 100);
    setTimeout(() => reject(new Error(`no answer in a minute: ${said()?.textContent ?? 'no word'}`)), 60000);
  }));
  const [found] = await Promise.all([answer, act()]);
  return found;
}

async function violations(page) {
  const axe = new AxeBuilder({ page }).withTags(tags).include('[data-tryout]');
  const found = (await axe.analyze()).violations.map(found => `${found.id}: ${found.nodes.slice(0, 3).map(node => node.target.join(' ')).join(' | ')}`);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) found.push(`${over} px wider than the screen`);
  return found;
}

// What the program says of the same request.
function told(id, request) {
  const run = (...words) => execFileSync(zoo, [...words, '--model', id, '--json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  if (request.levels) {
    const picture = join(work, 'drawing.png');
    writeFileSync(picture, png(request.width, request.levels));
    return JSON.parse(run('classify', picture));
  }
  if (request.responses) {
    const lines = run('score', '--prompt', request.prompt, ...request.responses.flatMap(text => ['--response', text])).trim().split('\n').map(line => JSON.parse(line));
    return { responses: request.responses.map(text => lines.find(line => line.response === text)) };
  }
  if (request.text.includes('[MASK]')) return JSON.parse(run('fill-mask', request.text));
  return JSON.parse(run('generate', ...(request.max_new_tokens ? ['--max-new-tokens', String(request.max_new_tokens)] : []), request.text));
}

// The largest difference between numbers; whatever else differs, or is told by the program only, is a problem. What the page adds
// is not looked at, nor is what names a file.
function compare(expected, found, problems, path = '') {
  if (typeof expected === 'number' && typeof found === 'number') {
    const difference = Math.abs(expected - found);
    if (!(difference <= TOLERANCE)) problems.push(`${path}: the page says ${found}, the program ${expected}`);
    return difference;
  }
  if (expected !== null && typeof expected === 'object' && found !== null && typeof found === 'object') {
    if (Array.isArray(expected) && expected.length !== found.length) problems.push(`${path}: the page tells ${found.length}, the program ${expected.length}`);
    const keys = Object.keys(expected).filter(key => !['image', 'rank', 'prompt'].includes(key));
    return Math.max(0, ...keys.map(key => compare(expected[key], found[key], problems, `${path}.${key}`)));
  }
  if (expected !== found) problems.push(`${path}: the page says ${JSON.stringify(found)}, the program ${JSON.stringify(expected)}`);
  return 0;
}

// Red, green and blue as a PNG.
function png(width, levels) {
  const height = levels.length / width;
  const rows = Buffer.concat(Array.from({ length: height }, (_, y) => Buffer.from([0, ...levels.slice(y * width, (y + 1) * width).flat()])));
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const framed = Buffer.alloc(8 + body.length);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), 4 + body.length);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
