// Loads a model, asks it what the reader asks, and shows what it says.
import { make, percent, svg } from './dom.js';
import { Maps } from './maps.js';
import { Pad } from './pad.js';

const size = bytes => (bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(2)} MiB`);
const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

export class Stage {
  constructor(box) {
    this.box = box;
    this.told = JSON.parse(box.dataset.tryout);
    this.stage = box.querySelector('.stage');
    this.progress = make('progress', { max: 1, value: 0, 'aria-label': 'Loading' });
    this.status = make('p', { role: 'status', className: 'said' });
    this.stage.append(this.progress, this.status);
    this.stage.hidden = false;
  }

  async open() {
    try {
      await this.load();
      this.facts = await this.ask({ module: this.module, files: this.files });
    } catch (error) {
      this.progress.remove();
      this.say(`It did not load: ${error.message}`, true);
      const button = this.box.querySelector('.start button');
      button.disabled = false;
      this.stage.hidden = false;
      this.stage.replaceChildren(this.status);
      return;
    }
    this.box.querySelector('.start').remove();
    this.progress.remove();
    this.build();
    await this.run();
    this.box.querySelector('input, textarea, canvas')?.focus({ preventScroll: true });
  }

  // The module is compiled while it comes.
  async load() {
    const { module, files } = this.told;
    const all = module.bytes + files.reduce((sum, file) => sum + file.bytes, 0);
    let got = 0;
    const counted = response => response.body.pipeThrough(new TransformStream({
      transform: (chunk, out) => {
        got += chunk.byteLength;
        this.progress.value = got / all;
        out.enqueue(chunk);
      },
    }));
    const fetched = async address => {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address}: ${response.status}`);
      return counted(response);
    };
    this.say(`Loading ${size(all)} …`);
    const code = fetched(new URL(module.address, import.meta.url)).then(stream => {
      const unpacked = stream.pipeThrough(new DecompressionStream('gzip'));
      return WebAssembly.compileStreaming(new Response(unpacked, { headers: { 'content-type': 'application/wasm' } }));
    });
    const rest = files.map(async file => [file.name, await new Response(await fetched(file.address)).arrayBuffer()]);
    [this.module, this.files] = await Promise.all([code, Promise.all(rest)]);
    this.say('Starting …');
  }

  // One question at a time; the worker is made anew after a stop.
  ask(message, onTold = () => {}) {
    this.worker ??= new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
    return new Promise((resolve, reject) => {
      this.refuse = reject;
      this.worker.onmessage = ({ data }) => {
        if ('told' in data) onTold(data.told);
        else if (data.error) reject(new Error(data.error));
        else {
          this.took = data.milliseconds;
          resolve(data.answer);
        }
      };
      this.worker.onerror = event => reject(new Error(event.message || 'the worker did not start'));
      this.worker.postMessage(message);
    });
  }

  stop() {
    this.worker?.terminate();
    this.worker = undefined;
    this.refuse?.(new Error('stopped'));
  }

  build() {
    const { answer, parameters, words } = this.facts;
    this.form = make('form', { className: 'ask' });
    this.inputs(answer);
    this.button = make('button', { type: 'submit', className: 'go', text: 'Run' });
    this.stopper = make('button', { type: 'button', className: 'plain-button', text: 'Stop', disabled: true });
    this.stopper.addEventListener('click', () => this.stop());
    if (!this.pad) this.form.append(make('p', { className: 'buttons' }, this.button, this.stopper));
    this.form.addEventListener('submit', event => {
      event.preventDefault();
      this.run();
    });
    this.result = make('div', { className: 'result' });
    this.maps = new Maps();
    this.stage.replaceChildren(this.form, this.maps.figure);
    if (this.pad) this.pad.beside.append(this.status, this.result);
    else this.form.after(this.status, this.result);
    if (words.length) {
      const list = make('p', { className: 'words', text: words.join(' ') });
      this.stage.append(make('details', {}, make('summary', { text: `All it can read: ${words.length} words` }), list));
    }
    const segment = this.facts.config.segment_len;
    this.note = segment ? ` It looks within its segment of ${segment} tokens only; what is older comes from the memory, which no map shows.` : '';
    this.small = `${parameters.toLocaleString('en').replaceAll(',', '\u202f')} parameters`;
  }

  // What the reader fills in, made for what the model does.
  inputs(answer) {
    const { examples } = this.told;
    const first = examples[0] ?? {};
    const field = (label, value, rows) => {
      const input = rows > 1 ? make('textarea', { rows, value }) : make('input', { type: 'text', value });
      input.autocomplete = 'off';
      input.spellcheck = false;
      this.form.append(make('label', {}, make('span', { text: label }), input));
      return input;
    };
    if (answer.endsWith('label-logits')) {
      this.pad = new Pad(this.facts.config);
      this.form.append(this.pad.element);
      this.pad.onchange = () => this.run();
      this.request = () => ({ width: this.pad.side, levels: this.pad.levels() });
    } else if (answer === 'reward') {
      const prompt = field('Prompt', first.prompt ?? '');
      const responses = ['A', 'B'].map((name, at) => field(`Response ${name}`, first.responses?.[at] ?? ''));
      this.request = () => ({ prompt: prompt.value, responses: responses.map(input => input.value) });
    } else {
      const texts = examples.map(example => example.text);
      const label = answer === 'token-logits' ? 'A text with [MASK] where a word is to be guessed' : this.facts.pair ? 'A text to answer' : 'A text to go on from';
      const input = field(label, texts[0] ?? '', (texts[0] ?? '').length > 80 ? 4 : 1);
      if (texts.length > 1) {
        const pick = text => {
          const button = make('button', { type: 'button', className: 'plain-button', text });
          button.addEventListener('click', () => { input.value = text; this.run(); });
          return button;
        };
        this.form.append(make('p', { className: 'buttons', role: 'group', 'aria-label': 'Examples' }, make('span', { className: 'quiet', text: 'Examples' }), ...texts.map(pick)));
      }
      const most = first.max_new_tokens;
      this.request = () => ({ text: input.value, ...(most ? { max_new_tokens: most } : {}) });
    }
  }

  async run() {
    if (this.busy) { this.again = true; return; }
    const request = this.request();
    if ([request.text, request.prompt, ...(request.responses ?? [])].some(text => text !== undefined && !text.trim())) {
      this.say('Type a few words first.', true);
      return;
    }
    this.working(true);
    const answers = 'text' in request && this.facts.answer !== 'token-logits';
    const growing = answers ? make('p', { className: 'written', text: '' }) : undefined;
    if (growing) this.result.replaceChildren(growing);
    try {
      if (!this.worker) await this.ask({ module: this.module, files: this.files });
      const answer = await this.ask({ request }, text => growing?.append(text));
      this.show(request, answer);
      this.maps.show(answer.attention, this.note, this.pad);
      this.box.dispatchEvent(new CustomEvent('answer', { detail: { request, answer, milliseconds: this.took } }));
    } catch (error) {
      if (error.message !== 'stopped') this.result.replaceChildren();
      this.say(error.message === 'stopped' ? 'Stopped.' : `It cannot: ${error.message}`, error.message !== 'stopped');
    }
    this.working(false);
    if (this.again) { this.again = false; this.run(); }
  }

  working(busy) {
    this.busy = busy;
    this.button.disabled = busy;
    this.stopper.disabled = !busy;
    this.stage.ariaBusy = busy ? 'true' : 'false';
  }

  say(text, wrong = false) {
    this.status.textContent = text;
    this.status.classList.toggle('wrong', wrong);
  }

  show(request, answer) {
    const took = `${this.took < 10 ? this.took.toFixed(1) : Math.round(this.took)} ms, ${this.small}`;
    const unknown = answer.unknown?.length ? ` It does not know ${answer.unknown.map(word => `“${word}”`).join(', ')}.` : '';
    const end = `${unknown} (${took})`;
    if (answer.masks) {
      if (!answer.masks.length) { this.result.replaceChildren(); this.say('Write [MASK] where a word is to be guessed.', true); return; }
      this.result.replaceChildren(...answer.masks.map((mask, at) => shares(answer.masks.length > 1 ? `Mask ${at + 1}` : 'Behind the mask', 'Word', mask.guesses.map(guess => [guess.token, guess.probability]))));
      this.say(`${answer.masks.map(({ guesses: [best] }) => `“${best.token}”, ${percent(best.probability)}`).join('; ')}.${end}`);
    } else if (answer.inputs) {
      const { guesses } = answer.inputs[0];
      this.result.replaceChildren(shares('What it sees', 'Label', guesses.map(guess => [guess.label, guess.probability])));
      this.say(`A ${guesses[0].label}, ${percent(guesses[0].probability)}.${end}`);
    } else if (answer.responses) {
      this.result.replaceChildren(rewards(answer));
      const [a, b] = answer.responses.map(({ reward }) => reward);
      const sure = 1 / (1 + Math.exp(-Math.abs(a - b)));
      this.say(a === b ? `Both are worth the same.${end}` : `Response ${'AB'[answer.best]} is preferred, ${percent(sure)} sure.${end}`);
    } else {
      const [{ text, new_ids, ended }] = answer.texts;
      const same = !this.facts.pair && text.startsWith(request.text) ? request.text : '';
      const new_text = text.slice(same.length);
      this.result.replaceChildren(make('p', { className: 'written' }, make('span', { className: 'quiet', text: same }), make('strong', { text: new_text })));
      const segment = this.facts.config.segment_len;
      const across = segment ? ` The ${answer.prompt_tokens} tokens before were read in ${plural(Math.ceil(answer.prompt_tokens / segment), 'segment')} of ${segment}; what an earlier one said came through the memory.` : '';
      this.say(`“${new_text.trim()}”: ${plural(new_ids.length, 'token')}, ${ended === 'length' ? 'as many as were asked for' : 'ended by its stop token'}.${across}${end}`);
    }
  }
}

// A table of shares, each with a bar.
function shares(caption, head, rows) {
  const row = ([name, share]) => make('tr', {}, make('th', { scope: 'row', text: name }), make('td', { className: 'num', text: percent(share) }), make('td', { className: 'meter' }, bar(0, share)));
  return table(caption, [head, 'Probability'], rows.map(row));
}

// Rewards lie on both sides of nought.
function rewards(answer) {
  const most = Math.max(...answer.responses.map(({ reward }) => Math.abs(reward)), 1e-9);
  const row = ({ response, reward }, at) => {
    const reach = Math.abs(reward) / most / 2;
    const name = make('th', { scope: 'row' }, make('span', { className: 'quiet', text: `${'AB'[at] ?? at + 1}  ` }), response);
    return make('tr', at === answer.best ? { className: 'best' } : {}, name, make('td', { className: 'num', text: reward.toFixed(4).replace('-', '\u2212') }), make('td', { className: 'meter' }, bar(reward < 0 ? 0.5 - reach : 0.5, reach, true)));
  };
  return table('How much it likes them', ['Response', 'Reward'], answer.responses.map(row));
}

function table(caption, [first, second], rows) {
  const head = make('tr', {}, make('th', { scope: 'col', text: first }), make('th', { scope: 'col', className: 'num', text: second }), make('td', { className: 'meter' }));
  return make('table', { className: 'answers' }, make('caption', { text: caption }), make('thead', {}, head), make('tbody', {}, ...rows));
}

function bar(from, length, middle = false) {
  const rect = (x, width, name) => svg('rect', { x, y: 0, width, height: 10, class: name });
  const part = rect(100 * from, Math.max(100 * length, 0.4), 'part');
  const all = { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true', class: 'share' };
  return svg('svg', all, rect(0, 100, 'rest'), part, ...(middle ? [rect(49.8, 0.4, 'middle')] : []));
}
