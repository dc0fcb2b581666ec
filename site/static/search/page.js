// The page of results: names at once, then the texts of all pages, from the index that Pagefind made of them.
import { find, more } from './match.js';
import { languages, pages } from './texts.js';

const top = new URL('..', import.meta.url);
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
  const link = element('a', { href: new URL(address, top) }, label);
  return element('li', {}, link, ...(other ? [` ${other}`] : []), ' ', element('span', { class: 'quiet' }, kind));
}

function written({ url, excerpt, meta }) {
  return element('li', {}, element('a', { href: url }, meta.title ?? url), element('p', {}, ...marked(excerpt)));
}

const count = (many, what) => `${many} ${what}${many === 1 ? '' : 's'}`;

let turn = 0;
async function search() {
  const text = box.value.trim();
  const mine = ++turn;
  history.replaceState(null, '', text ? `?q=${encodeURIComponent(text)}` : location.pathname);
  await more();
  if (mine !== turn) return;
  const names = find(text, NAMES);
  results.replaceChildren(...section('Names', names.map(named)));
  status.textContent = text ? count(names.length, 'name') : '';
  if (!text || !('indexed' in results.dataset)) return;
  try {
    const hits = await pages(text, languages(text), TEXTS);
    if (mine !== turn) return;
    results.append(...section('In the text', hits.map(written)));
    const told = names.length + hits.length ? `${count(names.length, 'name')}, ${hits.length === TEXTS ? `the ${TEXTS} nearest pages` : count(hits.length, 'page')}` : `Nothing is found for “${text}”`;
    status.textContent = told;
  } catch (error) {
    if (mine === turn) status.textContent = `${count(names.length, 'name')}; the texts cannot be searched here (${error.message})`;
  }
  results.dataset.answered = text;
}

let pause;
box.value = new URL(location).searchParams.get('q') ?? '';
box.addEventListener('input', () => { clearTimeout(pause); pause = setTimeout(search, PAUSE); });
box.form.addEventListener('submit', event => { event.preventDefault(); clearTimeout(pause); search(); });
search();
