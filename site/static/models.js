// The index of models: what is asked stands in the address, as one line that people can read: ?q=arch:decoder+year:2020..&sort=-parameters
import { listed, say } from './search/start.js';

const box = document.getElementById('ask');
const table = document.querySelector('table.models');
const short = { arch: 'architecture', attn: 'attention', pos: 'positional-encoding', norm: 'normalisation-placement', scale: 'normalisation-type', act: 'activation', task: 'pretraining-task', mod: 'modality', runs: 'code', params: 'parameters', conf: 'passed' };
const units = { k: 1e3, m: 1e6, b: 1e9, t: 1e12 };

// It stands in the page, so that nothing moves; nobody types before it can answer.
const input = box.querySelector('input');
const data = await (await fetch(`${box.dataset.root}catalog.min.json`)).json();
const facets = new Map(data.facet.map(facet => [facet.id, facet]));
const at = new Map(data.id.map((id, index) => [id, index]));
const rows = [...table.tBodies[0].rows].map(row => ({ row, model: at.get(row.cells[0].querySelector('a').getAttribute('href').split('/').at(-2)) }));
const count = box.querySelector('output');

// A question by its id, its short name, or the beginning of its id.
const questions = [...facets.keys(), 'parameters', 'passed'];
function question(key) {
  const id = short[key] ?? key;
  const begins = questions.filter(known => known.startsWith(id));
  return questions.includes(id) ? id : begins.length === 1 ? begins[0] : null;
}
// What people may write before a colon.
const fields = questions.map(id => Object.keys(short).find(key => short[key] === id) ?? id);

// How the checks of a model came out, by words: `conf:all`.
const states = { all: share => share === 100, some: share => share !== null && share < 100, none: share => share === null };

// `<10B`, `>=2020`, `1B..10B`, `2020..`, `7`: a test of a number, or null.
function range(text) {
  const number = part => {
    const found = /^([\d.]+)([kmbt]?)$/i.exec(part);
    return found && found[1] !== '.' ? Number(found[1]) * (units[found[2].toLowerCase()] ?? 1) : NaN;
  };
  const ends = text.split('..');
  if (ends.length === 2) {
    const low = ends[0] ? number(ends[0]) : -Infinity, high = ends[1] ? number(ends[1]) : Infinity;
    return Number.isNaN(low) || Number.isNaN(high) ? null : value => value >= low && value <= high;
  }
  const [, sign, rest] = /^(<=|>=|<|>)?(.*)$/.exec(text), limit = number(rest);
  if (Number.isNaN(limit)) return null;
  return value => (sign === '<' ? value < limit : sign === '<=' ? value <= limit : sign === '>' ? value > limit : sign === '>=' ? value >= limit : value === limit);
}

// Which answers to a question a text means: that of this id, else those of these initials (`gqa`), else those whose id or name holds it.
function meant(facet, text) {
  const exact = facet.term.indexOf(text);
  if (exact >= 0) return new Set([exact]);
  const initials = facet.label.flatMap((label, index) => (label.toLowerCase().split(/[^\p{L}\p{N}]+/u).map(word => word[0] ?? '').join('') === text ? [index] : []));
  if (initials.length > 0) return new Set(initials);
  return new Set(facet.term.flatMap((term, index) => (term.includes(text) || facet.label[index].toLowerCase().includes(text) ? [index] : [])));
}

// One word of a query as a test of a model. What it asks for in vain is told; an unknown field narrows nothing down.
function test(word, told = []) {
  const not = word.startsWith('-') && word.length > 1;
  const plain = (not ? word.slice(1) : word).toLowerCase();
  const [, key, value] = /^([\p{L}\d_-]+):(.*)$/u.exec(plain) ?? [];
  const id = key && question(key);
  if (key && !id) {
    told.push(say('no_field', { field: key, fields: listed(fields) }));
    return () => true;
  }
  // Nothing stands behind the colon yet.
  if (key && !value) return () => true;
  let holds = model => data.name[model].toLowerCase().includes(plain) || data.id[model].includes(plain);
  if (id === 'parameters' || id === 'passed') {
    const state = id === 'passed' && states[value.replace(/\(pass\)$/, '')];
    if (state) return model => state(data.passed[model]) !== not;
    const within = range(value);
    if (!within) told.push(say('no_number', { text: value }));
    const numbers = model => (id === 'passed' ? [data.passed[model]] : data.parameters[model] ?? []);
    holds = within ? model => numbers(model).some(number => number !== null && within(number)) : () => false;
  } else if (id) {
    const facet = facets.get(id), within = id === 'year' && range(value);
    const answers = within ? new Set(facet.term.flatMap((term, index) => (within(Number(term)) ? [index] : []))) : new Set(value.split('|').flatMap(text => [...meant(facet, text)]));
    if (answers.size === 0) told.push(say('no_answer', { field: facet.title, text: value }));
    holds = model => facet.of[model].some(answer => answers.has(answer));
  }
  return not ? model => !holds(model) : holds;
}

const words = query => query.split(/\s+/).filter(Boolean);
const matching = (query, told) => { const tests = words(query).map(word => test(word, told)); return data.id.map((_, model) => model).filter(model => tests.every(holds => holds(model))); };

const columns = ['name', 'date', 'family', 'lab', 'architecture', 'attention', 'parameters', 'sizes', 'passed'];
function value({ row, model }, column) {
  if (column === 'parameters') return data.parameters[model]?.[1] ?? -1;
  if (column === 'passed') return data.passed[model] ?? -1;
  const text = row.cells[columns.indexOf(column)].textContent.trim();
  return column === 'sizes' ? Number(text) || 0 : text.toLowerCase();
}

let asked = { q: '', sort: 'name' };
function address({ q, sort }) {
  const parts = new URLSearchParams();
  if (q) parts.set('q', q);
  if (sort !== 'name') parts.set('sort', sort);
  return `${location.pathname}${parts.size ? `?${parts}` : ''}`;
}

// How the rows stand.
let order = 'name';
function arrange() {
  if (asked.sort === order) return;
  order = asked.sort;
  const column = order.replace(/^-/, ''), down = order.startsWith('-') ? -1 : 1;
  const sorted = rows.map(row => ({ ...row, value: value(row, column) }));
  sorted.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0) * down || a.model - b.model);
  table.tBodies[0].append(...sorted.map(({ row }) => row));
  [...table.tHead.rows[0].cells].forEach((cell, index) => {
    if (columns[index] === column) cell.setAttribute('aria-sort', down < 0 ? 'descending' : 'ascending');
    else cell.removeAttribute('aria-sort');
  });
}

// How many models each answer would leave.
const answers = document.querySelector('.facets');
function weigh(found) {
  const own = words(asked.q);
  for (const item of answers.querySelectorAll('[data-term]')) {
    const control = item.querySelector('a, button'), active = own.includes(item.dataset.term);
    const models = found.filter(test(item.dataset.term)).length;
    // What would leave nothing cannot be clicked, for it is not there.
    item.hidden = models === 0 && !active;
    item.querySelector('.count').textContent = models;
    if (active) control.setAttribute('aria-current', 'true'); else control.removeAttribute('aria-current');
  }
}

function show() {
  const told = [], found = matching(asked.q, told), shown = new Set(found);
  for (const { row, model } of rows) row.hidden = !shown.has(model);
  count.textContent = asked.q ? [say('found', { found: found.length, all: rows.length }), ...told].join(' · ') : '';
  arrange();
  if (answers?.open) weigh(found);
}

function go(next, typed) {
  asked = { ...asked, ...next };
  history[typed ? 'replaceState' : 'pushState'](null, '', address(asked));
  if (!typed) input.value = asked.q;
  show();
}

function read() {
  const parts = new URLSearchParams(location.search), sort = parts.get('sort') ?? 'name';
  asked = { q: parts.get('q') ?? '', sort: columns.includes(sort.replace(/^-/, '')) ? sort : 'name' };
  input.value = asked.q;
  show();
}

// What no page lists: how large models are, and how their checks came out. An answer, with what it asks for.
function ask(title, given) {
  const facet = document.createElement('div'), head = document.createElement('h2'), list = document.createElement('ul');
  facet.className = 'facet';
  list.className = 'chips';
  head.textContent = title;
  for (const [label, term] of given) {
    const item = document.createElement('li'), number = document.createElement('span');
    item.dataset.term = term;
    number.className = 'count';
    item.append(label, number);
    list.append(item);
  }
  facet.append(head, list);
  answers?.append(facet);
}
ask(say('parameters'), [['< 100 M', '<100m'], ['100 M – 1 B', '100m..1b'], ['1 – 10 B', '1b..10b'], ['10 – 100 B', '10b..100b'], ['> 100 B', '>100b']].map(([label, within]) => [label, `params:${within}`]));
ask(say('checks'), ['all', 'some', 'none'].map(state => [say(`checks_${state}`), `conf:${state}`]));

// A click on an answer narrows down; opened elsewhere, its link leads to the page of the answer, as it does without this script.
for (const item of document.querySelectorAll('[data-term]')) {
  let control = item.querySelector('a');
  if (!control) {
    control = document.createElement('button');
    control.type = 'button';
    control.textContent = item.firstChild.textContent.trim();
    item.firstChild.replaceWith(control, ' ');
  }
  control.addEventListener('click', event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const own = words(asked.q), { term } = item.dataset;
    go({ q: (own.includes(term) ? own.filter(word => word !== term) : [...own, term]).join(' ') });
  });
}
[...table.tHead.rows[0].cells].forEach((cell, index) => {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...cell.childNodes);
  button.addEventListener('click', () => {
    const first = ['parameters', 'sizes', 'passed', 'date'].includes(columns[index]) ? `-${columns[index]}` : columns[index];
    const other = first.startsWith('-') ? first.slice(1) : `-${first}`;
    go({ sort: asked.sort === first ? other : first });
  });
  cell.append(button);
  if (columns[index] === order) cell.setAttribute('aria-sort', 'ascending');
});
box.addEventListener('submit', event => event.preventDefault());
input.addEventListener('input', () => go({ q: input.value.trim() }, true));
addEventListener('popstate', read);
answers?.addEventListener('toggle', show);
input.disabled = false;
read();
