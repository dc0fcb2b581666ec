// The page of results: names at once, then the texts of all pages, from the index that Pagefind made of them.
import { find, more } from './match.js';
import { say } from './start.js';
import { languages, pages } from './texts.js';

const [NAMES, TEXTS, PAUSE] = [12, 20, 150];
const box = document.getElementById('query');
const results = document.getElementById('results');
const status = document.getElementById('status');

function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

// Pagefind marks what it found with tags; everything else in its excerpts is text.
function marked(excerpt) {
  const plain = html => new DOMParser().parseFromString(`<pre>\n${html}`, 'text/html').body.textContent;
  return excerpt.split(/<mark>|<\/mark>/).map((part, at) => (at % 2 ? element('mark', {}, plain(part)) : plain(part)));
}

function section(title, items) {
  return items.length ? [element('h2', {}, title), element('ol', { class: 'hits' }, ...items)] : [];
}

function named({ label, address, kind, other }) {
  const link = element('a', { href: new URL(box.form.dataset.root + address, document.baseURI) }, label);
  return element('li', {}, link, ...(other ? [` ${other}`] : []), ' ', element('span', { class: 'quiet' }, kind));
}

function written({ url, excerpt, meta }) {
  return element('li', {}, element('a', { href: url }, meta.title ?? url), element('p', {}, ...marked(excerpt)));
}

let turn = 0;
async function search() {
  const text = box.value.trim();
  const mine = ++turn;
  history.replaceState(null, '', text ? `?q=${encodeURIComponent(text)}` : location.pathname);
  await more();
  if (mine !== turn) return;
  const names = find(text, NAMES);
  results.replaceChildren(...section(say('names'), names.map(named)));
  status.textContent = text ? say('n_names', { n: names.length }) : '';
  if (!text || !('indexed' in results.dataset)) return;
  try {
    const hits = await pages(text, languages(text), TEXTS);
    if (mine !== turn) return;
    results.append(...section(say('texts'), hits.map(written)));
    const told = names.length + hits.length ? say('both', { names: say('n_names', { n: names.length }), pages: say(hits.length === TEXTS ? 'nearest' : 'n_pages', { n: hits.length }) }) : say('nothing', { text });
    status.textContent = told;
  } catch (error) {
    if (mine === turn) status.textContent = say('failed', { names: say('n_names', { n: names.length }), error: error.message });
  }
  results.dataset.answered = text;
}

let pause;
box.value = new URL(location).searchParams.get('q') ?? '';
box.addEventListener('input', () => { clearTimeout(pause); pause = setTimeout(search, PAUSE); });
box.form.addEventListener('submit', event => { event.preventDefault(); clearTimeout(pause); search(); });
search();
