// What the search box offers while somebody types: names to go to, by mouse or by keys.
import { find, more } from './match.js';

const LIMIT = 8;

function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

export class Jump {
  constructor(box) {
    this.box = box;
    this.list = element('ul', { id: 'jump-found', role: 'listbox', 'aria-label': box.form.dataset.names });
    this.list.hidden = true;
    this.told = element('span', { class: 'unseen', role: 'status' });
    box.form.append(this.list, this.told);
    for (const [key, value] of Object.entries({ role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'jump-found', 'aria-autocomplete': 'list' })) box.setAttribute(key, value);
    box.addEventListener('input', () => { this.show(); more().then(() => this.show()); });
    box.addEventListener('focus', () => this.show());
    box.addEventListener('blur', () => this.close());
    box.addEventListener('keydown', event => this.key(event));
    // A press on the list leaves the box as it is until the click has been heard.
    this.list.addEventListener('mousedown', event => event.preventDefault());
    this.list.addEventListener('click', event => this.go(event.target.closest('[role=option]')));
    this.show();
  }

  show() {
    const found = find(this.box.value, LIMIT);
    this.list.replaceChildren(...found.map(({ label, address, kind, other }, at) => {
      const name = element('span', { class: 'label' }, label, ...(other ? [' ', element('span', { class: 'quiet' }, other)] : []));
      return element('li', { role: 'option', id: `jump-found-${at}`, 'aria-selected': 'false', 'data-address': address }, name, ' ', element('span', { class: 'kind' }, kind));
    }));
    this.at = -1;
    this.box.removeAttribute('aria-activedescendant');
    this.list.hidden = found.length === 0;
    this.box.setAttribute('aria-expanded', String(found.length > 0));
    this.told.textContent = this.box.value.trim() ? (found.length ? this.box.form.dataset.count.replace('{n}', found.length) : this.box.form.dataset.none) : '';
  }

  close() {
    this.list.hidden = true;
    this.box.setAttribute('aria-expanded', 'false');
    this.box.removeAttribute('aria-activedescendant');
    this.at = -1;
  }

  move(to) {
    const options = [...this.list.children];
    if (this.list.hidden || options.length === 0) return;
    this.at = (to + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute('aria-selected', String(at === this.at)));
    this.box.setAttribute('aria-activedescendant', options[this.at].id);
    options[this.at].scrollIntoView({ block: 'nearest' });
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === 'ArrowDown') this.list.hidden ? this.show() : this.move(this.at + 1);
    else if (event.key === 'ArrowUp') this.move(this.at < 0 ? -1 : this.at - 1);
    else if (event.key === 'Enter' && this.at >= 0) this.go(this.list.children[this.at]);
    else if (event.key === 'Escape' && !this.list.hidden) this.close();
    else return;
    event.preventDefault();
  }

  go(option) {
    if (option) location.href = new URL(this.box.form.dataset.root + option.dataset.address, document.baseURI);
  }
}
