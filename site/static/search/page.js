// The page of results: names at once, then the texts of all pages, from the index that Pagefind made of them.
import { find, more } from './match.js';

const top = new URL('..', import.meta.url);
const [NAMES, TEXTS, PAUSE] = [12, 20, 150];
const box = document.getElementById('query');
const results = document.getElementById('results');
const status = document.getElementById('status');
const indexes = new Map();

// The index of one language.
async function index(language) {
  if (!indexes.has(language)) {
    indexes.set(language, (async () => {
      const { createInstance } = await import(new URL('pagefind/pagefind.js', top));
      const made = createInstance({ bundlePath: new URL('pagefind/', top).pathname, baseUrl: top.pathname });
      await made.init(language);
      return made;
    })());
  }
  return indexes.get(language);
}

// Which indexes may know what is asked: Han characters are of one language; an umlaut, or a reader of German, asks for another.
let known;
async function languages(text) {
  known ??= fetch(new URL('pagefind/pagefind-entry.json', top)).then(answer => answer.json());
  const all = (await known).languages;
  const wanted = ['en'];
  if (/\p{Script=Han}/u.test(text)) wanted.unshift('zh');
  else if (/[äöüß]/i.test(text) || navigator.languages.some(language => language.startsWith('de'))) wanted.push('de');
  return wanted.filter(language => language in all);
}

function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

// Pagefind marks what it found with tags; everything else in its excerpts is text.
function marked(excerpt) {
  const plain = html => new DOMParser().parseFromString(html, 'text/html').body.textContent;
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

async function texts(text) {
  const found = [];
  const seen = new Set();
  for (const language of await languages(text)) {
    const answer = await (await index(language)).search(text);
    for (const hit of await Promise.all(answer.results.slice(0, TEXTS).map(result => result.data()))) {
      if (!seen.has(hit.url)) found.push(hit);
      seen.add(hit.url);
    }
  }
  return found.slice(0, TEXTS);
}

let turn = 0;
async function search() {
  const text = box.value.trim();
  const mine = ++turn;
  history.replaceState(null, '', text ? `?q=${encodeURIComponent(text)}` : location.pathname);
  await more();
  if (mine !== turn) return;
  const names = find(text, NAMES);
  results.replaceChildren(...section('Names', names.map(named)));
  status.textContent = text ? `${names.length} names` : '';
  if (!text || !('indexed' in results.dataset)) return;
  try {
    const hits = await texts(text);
    if (mine !== turn) return;
    results.append(...section('In the text', hits.map(written)));
    const told = names.length + hits.length ? `${names.length} names, ${hits.length === TEXTS ? `the ${TEXTS} nearest` : hits.length} pages` : `Nothing is found for “${text}”`;
    status.textContent = told;
  } catch (error) {
    if (mine === turn) status.textContent = `${names.length} names; the texts cannot be searched here (${error.message})`;
  }
  results.dataset.answered = text;
}

let pause;
box.value = new URL(location).searchParams.get('q') ?? '';
box.addEventListener('input', () => { clearTimeout(pause); pause = setTimeout(search, PAUSE); });
box.form.addEventListener('submit', event => { event.preventDefault(); clearTimeout(pause); search(); });
search();
