// Attention maps: every layer and head small, one of them large, and the same in words.
import { make, percent, svg } from './dom.js';

// Shares come in thousandths.
const WHOLE = 1000;
// Beyond this many tokens their names would be too small to read.
const NAMED = 40;

export class Maps {
  constructor() {
    this.figure = make('figure', { className: 'maps', hidden: true });
    // The last stack is the one that the answer comes from.
    this.picked = [-1, 0, 0];
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.stacks && this.draw());
  }

  // `note` is said of every map; a drawing on `pad` is shown as the model sees it.
  show(stacks, note, pad) {
    this.stacks = stacks;
    this.note = note;
    this.pad = pad;
    this.figure.hidden = !stacks?.length;
    if (!stacks?.length) return;
    const [stack, layer, head] = this.picked;
    if (!stacks[stack]?.layers[layer]?.[head]) this.picked = [stacks.length - 1, 0, 0];
    this.draw();
  }

  draw() {
    const focused = this.figure.contains(document.activeElement) ? document.activeElement.id : '';
    const choices = this.stacks.map((stack, at) => this.choices(stack, at));
    const large = make('div', { className: 'large' });
    this.large = large;
    this.figure.replaceChildren(make('h3', { text: 'Where it looks' }), make('div', { className: 'heads' }, ...choices), large);
    this.enlarge();
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  // One small map a head, a row a layer.
  choices(stack, at) {
    const layers = stack.layers.map((heads, layer) => {
      const all = heads.map((map, head) => {
        const input = make('input', { type: 'radio', name: 'map', id: `map-${at}-${layer}-${head}`, checked: String([at, layer, head]) === String(this.picked) });
        input.addEventListener('change', () => { this.picked = [at, layer, head]; this.enlarge(); });
        const name = `Layer ${layer + 1}, head ${head + 1}`;
        return make('label', { className: 'small-map', title: name }, input, this.thumb(stack, map), make('span', { className: 'unseen', text: name }));
      });
      return make('div', { className: 'layer' }, make('span', { className: 'quiet', text: `Layer ${layer + 1}` }), ...all);
    });
    return make('fieldset', {}, make('legend', { text: stack.name || 'Layers and heads' }), ...layers);
  }

  thumb(stack, map) {
    const { values, width } = this.pad ? this.spots(map) : { values: map, width: stack.columns.length };
    const most = this.pad ? Math.max(...values) : WHOLE;
    const canvas = make('canvas', { width, height: values.length / width });
    canvas.setAttribute('aria-hidden', 'true');
    const [r, g, b] = this.colour();
    const image = canvas.getContext('2d').createImageData(width, values.length / width);
    values.forEach((share, cell) => image.data.set([r, g, b, 255 * strength(share / most)], 4 * cell));
    canvas.getContext('2d').putImageData(image, 0, 0);
    return canvas;
  }

  // The accent of the page as it is now.
  colour() {
    return getComputedStyle(this.figure).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  }

  // What the first token, which the answer is read from, sees of the picture: the last tokens are its patches.
  spots(map) {
    const tokens = Math.round(Math.sqrt(map.length));
    const width = Math.floor(Math.sqrt(tokens));
    return { values: map.slice(tokens - width * width, tokens), width };
  }

  enlarge() {
    const [at, layer, head] = this.picked;
    const stack = this.stacks[at];
    const map = stack.layers[layer][head];
    const name = `${stack.name ? `${stack.name}, layer` : 'Layer'} ${layer + 1}, head ${head + 1}`;
    this.large.replaceChildren(...(this.pad ? this.picture(map, name) : this.words(stack, map, name)));
  }

  picture(map, name) {
    const { values, width } = this.spots(map);
    const { side } = this.pad;
    const patch = side / width;
    const best = values.indexOf(Math.max(...values));
    const all = svg('svg', { viewBox: `0 0 ${side} ${side}`, class: 'seen', role: 'img', 'aria-label': `${name}: the drawing, bright where the model looks` });
    this.pad.levels().forEach((level, cell) => all.append(svg('rect', { x: cell % side, y: Math.floor(cell / side), width: 1.02, height: 1.02, fill: `rgb(${level})` })));
    values.forEach((share, cell) => all.append(svg('rect', { x: patch * (cell % width), y: patch * Math.floor(cell / width), width: patch, height: patch, class: 'shade', 'fill-opacity': (0.85 * (1 - share / values[best])).toFixed(3) })));
    const told = `${name}. What the answer is read from looks at ${width} × ${width} patches; bright is much. Most, ${percent(values[best] / WHOLE)}, at row ${Math.floor(best / width) + 1}, column ${best % width + 1}.`;
    return [all, make('p', { className: 'quiet', text: told })];
  }

  words({ rows, columns }, map, name) {
    const row = at => map.slice(at * columns.length, (at + 1) * columns.length);
    const best = at => row(at).reduce((most, share, column, shares) => (share > shares[most] ? column : most), 0);
    const told = `${name}. Each row is a token, and where it looks; the stronger the colour, the more.${this.note}`;
    const line = (word, at) => make('tr', {}, make('th', { scope: 'row', text: word }), make('td', { text: columns[best(at)] }), make('td', { className: 'num', text: percent(row(at)[best(at)] / WHOLE) }));
    const head = make('tr', {}, ...['Token', 'Looks most at', 'Share'].map((text, at) => make('th', { scope: 'col', className: at === 2 ? 'num' : '', text })));
    const table = make('table', { className: 'answers' }, make('caption', { className: 'unseen', text: name }), make('thead', {}, head), make('tbody', {}, ...rows.map(line)));
    const scroll = make('div', { className: 'scroll', tabIndex: 0, role: 'group', 'aria-label': 'The map' }, grid(rows, columns, map, name));
    return [scroll, make('p', { className: 'quiet', text: told }), make('details', {}, make('summary', { text: 'In words' }), table)];
  }
}

// Weak looks would not be seen if shares were shown as they are.
function strength(share) {
  return Math.min(1, share) ** 0.7;
}

// A square a pair of tokens, with the tokens' names.
function grid(rows, columns, map, name) {
  const named = rows.length <= NAMED && columns.length <= NAMED;
  const cell = named ? 22 : 5;
  const longest = words => Math.max(...words.map(word => word.length));
  const [left, top] = named ? [7.6 * longest(rows) + 12, 7.6 * longest(columns) + 8] : [1, 1];
  const [width, height] = [left + cell * columns.length + 1, top + cell * rows.length + 1];
  const all = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: named ? 'grid' : 'grid fits', role: 'img', 'aria-label': `${name}: ${rows.length} tokens and where each looks` });
  all.append(svg('rect', { x: left, y: top, width: cell * columns.length, height: cell * rows.length, class: 'frame' }));
  map.forEach((share, at) => {
    if (share < 5) return;
    const [x, y] = [left + cell * (at % columns.length), top + cell * Math.floor(at / columns.length)];
    const gap = named ? 1 : 0;
    all.append(svg('rect', { x: x + gap, y: y + gap, width: cell - 2 * gap, height: cell - 2 * gap, class: 'look', 'fill-opacity': strength(share / WHOLE).toFixed(3) }));
  });
  if (named) {
    rows.forEach((word, at) => all.append(svg('text', { x: left - 7, y: top + cell * (at + 0.5) + 4.5, class: 'end' }, word)));
    columns.forEach((word, at) => all.append(svg('text', { transform: `translate(${left + cell * (at + 0.5) + 4.5} ${top - 7}) rotate(-90)` }, word)));
  }
  return all;
}
