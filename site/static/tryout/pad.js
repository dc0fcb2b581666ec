// A small grid to draw on, by pointer and by keyboard: what an image classifier looks at.
import { make } from './dom.js';

const INK = [236, 206, 128];
const PAPER = [38, 52, 74];

export class Pad {
  constructor({ image_size: side }) {
    this.side = Array.isArray(side) ? side[1] : side;
    this.cells = new Uint8Array(this.side * this.side);
    this.at = [this.side >> 1, this.side >> 1];
    this.onchange = () => {};
    this.canvas = make('canvas', { width: this.side, height: this.side, tabIndex: 0, className: 'pad', role: 'application' });
    this.canvas.setAttribute('aria-label', `A drawing of ${this.side} by ${this.side} dots. Arrow keys move, space draws, backspace rubs out.`);
    this.listen();
    const button = (text, act) => {
      const node = make('button', { type: 'button', className: 'plain-button', text });
      node.addEventListener('click', () => { act(); this.changed(); });
      return node;
    };
    const shapes = Object.entries(SHAPES).map(([name, covers]) => button(name, () => this.draw(covers)));
    const hint = make('p', { className: 'quiet', text: 'Draw with the pointer; or with the arrow keys, space to draw and backspace to rub out.' });
    const buttons = make('p', { className: 'buttons', role: 'group', 'aria-label': 'Examples' }, ...shapes, button('Clear', () => this.cells.fill(0)));
    this.beside = make('div', {}, hint, buttons);
    this.element = make('div', { className: 'drawing-pad' }, this.canvas, this.beside);
    this.draw(SHAPES.Triangle);
    this.paint();
  }

  draw(covers) {
    const middle = this.side / 2;
    const radius = this.side / 3;
    for (let y = 0; y < this.side; y++) {
      for (let x = 0; x < this.side; x++) this.cells[y * this.side + x] = covers((x + 0.5 - middle) / radius, (y + 0.5 - middle) / radius) ? 1 : 0;
    }
  }

  listen() {
    const point = event => {
      const box = this.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top].map((at, axis) => Math.floor(at / (axis ? box.height : box.width) * this.side));
    };
    this.canvas.addEventListener('pointerdown', event => {
      this.canvas.setPointerCapture(event.pointerId);
      this.last = point(event);
      this.stroke(this.last, this.last, 1);
    });
    this.canvas.addEventListener('pointermove', event => {
      if (!this.last) return;
      const next = point(event);
      this.stroke(this.last, next, 1);
      this.last = next;
    });
    for (const end of ['pointerup', 'pointercancel']) this.canvas.addEventListener(end, () => { if (this.last) { this.last = undefined; this.changed(); } });
    this.canvas.addEventListener('keydown', event => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step) this.at = this.at.map((at, axis) => Math.min(Math.max(at + step[axis], 0), this.side - 1));
      else if (event.key === ' ') this.stroke(this.at, this.at, 1);
      else if (event.key === 'Backspace' || event.key === 'Delete') this.stroke(this.at, this.at, 0);
      else return;
      event.preventDefault();
      this.paint();
      if (!step) this.changed();
    });
    for (const event of ['focus', 'blur']) this.canvas.addEventListener(event, () => this.paint());
  }

  // A line two dots wide.
  stroke([fromX, fromY], [toX, toY], ink) {
    const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(fromX + (toX - fromX) * step / steps);
      const y = Math.round(fromY + (toY - fromY) * step / steps);
      for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
        if (x + dx >= 0 && y + dy >= 0 && x + dx < this.side && y + dy < this.side) this.cells[(y + dy) * this.side + x + dx] = ink;
      }
    }
    this.paint();
  }

  changed() {
    this.paint();
    this.onchange();
  }

  levels() {
    return [...this.cells].map(cell => (cell ? INK : PAPER));
  }

  paint() {
    const context = this.canvas.getContext('2d');
    const image = context.createImageData(this.side, this.side);
    this.levels().forEach((level, at) => image.data.set([...level, 255], 4 * at));
    if (this.canvas.matches(':focus-visible')) {
      const at = 4 * (this.at[1] * this.side + this.at[0]);
      image.data.set([255, 255, 255, 255], at);
    }
    context.putImageData(image, 0, 0);
  }
}

const SHAPES = {
  Circle: (x, y) => x * x + y * y <= 1,
  Square: (x, y) => Math.abs(x) <= 0.85 && Math.abs(y) <= 0.85,
  Triangle: (x, y) => Math.abs(x) <= 1 && Math.abs(y) <= 1 && Math.abs(x) <= (y + 1) / 2,
  Cross: (x, y) => Math.abs(x) <= 1 && Math.abs(y) <= 1 && (Math.abs(x) <= 0.3 || Math.abs(y) <= 0.3),
};
