// Two to four models side by side; which ones stands in the address: ?m=bert,roberta
import { listed, say } from './search/start.js';

const place = document.getElementById('any');
const form = place.querySelector('form'), sides = document.getElementById('sides');
const root = place.dataset.root;
const most = 4;
const given = () => (new URLSearchParams(location.search).get('m') ?? '').split(',').filter(Boolean).slice(0, most);

// Nobody types before it can answer. Where models are asked for, their table takes room before its data come.
const inputs = [...form.querySelectorAll('input')];
sides.classList.toggle('awaited', given().length > 0);

const [data, size] = await Promise.all(['catalog', 'sizes'].map(async name => (await fetch(`${root}${name}.min.json`)).json()));

const make = (name, text, attributes = {}) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

// A model by its id or its name.
function find(text) {
  const wanted = text.trim().toLowerCase();
  const index = data.id.indexOf(wanted);
  return index >= 0 ? index : data.name.findIndex(name => name.toLowerCase() === wanted);
}

const units = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'k']];
function compact(number) {
  const [size, unit] = units.find(([size]) => number >= size * 0.9995) ?? [1, ''];
  const value = number / size;
  return (unit ? value.toFixed(value >= 99.95 ? 0 : value < 9.995 ? 2 : 1) : String(number)) + (unit && ` ${unit}`);
}
const grouped = number => (number >= 10000 ? String(number).replace(/\B(?=(\d{3})+$)/g, ' ') : String(number));

// Every line of the table: a title, and what each model says.
function lines() {
  const span = model => {
    const found = data.parameters[model];
    return found ? (found[0] === found[1] ? compact(found[0]) : `${compact(found[0])} – ${compact(found[1])}`) : '';
  };
  const first = [[say('first_published'), model => data.date[model]], [say('parameters'), span]];
  const facets = data.facet.filter(facet => facet.id !== 'year').map(facet => [facet.title, model => listed(facet.of[model].map(term => facet.label[term]))]);
  const sizes = size.title.map((title, field) => [title, model => { const value = size.of[model][field]; return value === null ? '' : grouped(value); }]);
  return [...first, ...facets, [say('first_size'), model => size.id[model] ?? ''], ...sizes];
}

function table(models) {
  const made = make('table', undefined, { class: `diff beside of${models.length}` });
  made.append(make('caption', say('caption', { models: listed(models.map(model => data.name[model])) }), { class: 'unseen' }));
  const head = make('tr');
  head.append(make('th', say('field'), { scope: 'col' }), make('th', undefined, { class: 'mark' }));
  head.lastChild.append(make('span', say('same_or_different'), { class: 'unseen' }));
  for (const model of models) {
    const cell = make('th', undefined, { scope: 'col' });
    cell.append(make('a', data.name[model], { href: `${root}models/${data.id[model]}/` }));
    head.append(cell);
  }
  const body = make('tbody');
  for (const [title, value] of lines()) {
    const values = models.map(value);
    if (values.every(text => text === '')) continue;
    // What is not known of one of them is no difference.
    const state = values.every(text => text === values[0]) ? 'same' : values.includes('') ? 'alone' : 'odd';
    const row = make('tr', undefined, { class: state });
    const mark = make('td', undefined, { class: 'mark' });
    const [sign, word] = { same: ['=', say('same')], alone: ['·', say('unknown')], odd: ['≠', say('different')] }[state];
    mark.append(make('span', sign, { 'aria-hidden': 'true' }), make('span', word, { class: 'unseen' }));
    row.append(make('th', title, { scope: 'row' }), mark, ...values.map(text => make('td', text || '–')));
    body.append(row);
  }
  const top = make('thead');
  top.append(head);
  made.append(top, body);
  const scroll = make('div', undefined, { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': say('label') });
  scroll.append(made);
  return scroll;
}

function choose(...told) {
  const note = document.createElement('p');
  note.className = 'quiet';
  note.textContent = say('choose');
  sides.replaceChildren(...told, note);
}

function show(asked) {
  const models = asked.map(find).filter((model, index, all) => model >= 0 && all.indexOf(model) === index);
  const missing = asked.filter(text => text.trim() && find(text) < 0);
  const told = missing.map(text => make('p', say('no_model', { text }), { class: 'quiet' }));
  if (models.length > 0) sides.replaceChildren(...told, table(models)); else choose(...told);
  sides.classList.remove('awaited');
}

const asked = () => inputs.map(input => input.value);
function address() {
  const ids = asked().map(text => { const model = find(text); return model < 0 ? text.trim() : data.id[model]; });
  return `${location.pathname}?m=${ids.filter(Boolean).map(encodeURIComponent).join(',')}`;
}

function read() {
  inputs.forEach((input, index) => {
    const text = given()[index] ?? '', model = find(text);
    input.value = model < 0 ? text : data.name[model];
  });
  show(asked());
}

document.getElementById('names').append(...data.name.map(name => make('option', undefined, { value: name })));
for (const input of inputs) input.addEventListener('change', () => { history.pushState(null, '', address()); show(asked()); });
form.addEventListener('submit', event => { event.preventDefault(); history.pushState(null, '', address()); show(asked()); });
addEventListener('popstate', read);
for (const input of inputs) input.disabled = false;
read();
