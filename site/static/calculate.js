// The calculator: takes its numbers from the table below it, and shows each with the formula it comes from.

import { listed, say } from "./search/start.js";

const form = document.getElementById("calculator");
const answer = document.getElementById("calculated");
const rows = new Map([...document.querySelectorAll("tr[data-id]")].map((row) => [row.dataset.id, row.dataset]));

// As the table below groups them: from five digits on.
const grouped = (number) => (number >= 10000 ? String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f") : String(number));

function scaled(number, step, units) {
  let value = Number(number);
  let unit = 0;
  while (value >= step - 0.5 && unit + 1 < units.length) {
    value /= step;
    unit += 1;
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : value < 9.995 ? 2 : 1;
  return `${value.toFixed(decimals)}\u202f${units[unit]}`;
}
const bytes = (number) => scaled(number, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]);
const flops = (number) => scaled(number, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP"]);

// Whole numbers, for what is counted is exact.
const whole = (text) => (text === undefined || text === "" ? null : BigInt(text));

// What is counted at each length.
function lengths(size) {
  const line = (text) => {
    const [tokens, forward, activations, kept, step] = text.split(",").map(whole);
    return { tokens, forward, activations, kept, step };
  };
  return size.lengths ? size.lengths.split(" ").map(line) : [];
}

// Each with what it is called, its value, how that comes about in numbers, and which formula on the page says it in symbols.
function calculate(size, tokens, batch, width) {
  const counted = lengths(size).find((length) => length.tokens === tokens);
  const [fixed, pair, state] = [whole(size.fixed), whole(size.pair), whole(size.state)];
  const parameters = whole(size.parameters);
  const items = [];
  const item = (name, value, formula, numbers) => items.push({ name: say(name), value, how: say(formula, numbers), formula });
  item("weights", bytes(parameters * width), "weights_how", { parameters: grouped(parameters), width });
  if (counted && counted.kept !== null) {
    item("kept", bytes((counted.kept * batch * width) / 4n), "kept_counted", { bytes: grouped(counted.kept), tokens: grouped(tokens), batch, width });
  } else if (state !== null) {
    item("kept", bytes(state * tokens * batch * width), "kept_estimated", { numbers: grouped(state), tokens: grouped(tokens), batch, width });
  }
  if (counted) {
    item("activations", bytes((counted.activations * batch * width) / 4n), "activations_how", { bytes: grouped(counted.activations), batch, width });
    item("forward", flops(counted.forward * batch), "forward_counted", { operations: grouped(counted.forward), batch });
  } else if (fixed !== null) {
    item("forward", flops((fixed + pair * tokens) * tokens * batch), "forward_estimated", { fixed: grouped(fixed), pair: grouped(pair), tokens: grouped(tokens), batch });
  }
  if (counted && counted.step !== null) {
    item("next", flops(counted.step * batch), "next_counted", { operations: grouped(counted.step), batch });
  } else if (state !== null && fixed !== null) {
    item("next", flops((fixed + pair * tokens) * batch), "next_estimated", { fixed: grouped(fixed), pair: grouped(pair), tokens: grouped(tokens), batch });
  }
  const others = lengths(size).map((length) => grouped(length.tokens));
  const note = !counted && others.length > 0 ? say(fixed === null ? "note_alone" : "note", { tokens: listed(others) }) : "";
  return { items, note };
}

function element(name, text, type) {
  const made = document.createElement(name);
  made.textContent = text;
  if (type) made.className = type;
  return made;
}

function show() {
  const data = new FormData(form);
  const number = (name) => BigInt(Math.max(1, Math.floor(Number(data.get(name)) || 1)));
  const size = rows.get(String(data.get("size")).trim());
  if (!size) {
    answer.replaceChildren(element("p", say("no_size", { size: data.get("size") })));
    return;
  }
  const { items, note } = calculate(size, number("tokens"), number("batch"), BigInt(data.get("dtype")));
  const list = document.createElement("dl");
  for (const { name, value, how, formula } of items) {
    const item = document.createElement("div");
    const symbols = document.createElement("dd");
    symbols.append(...[...document.querySelectorAll(`[data-formula=${formula}] > *`)].map((part) => part.cloneNode(true)));
    item.append(element("dt", name), element("dd", value, "value"), symbols, element("dd", how, "how"));
    list.append(item);
  }
  answer.replaceChildren(list, ...(note ? [element("p", note, "quiet")] : []));
  const state = new URLSearchParams(data);
  history.replaceState(null, "", `?${state}`);
}

if (form) {
  const asked = new URLSearchParams(location.search);
  for (const field of ["size", "tokens", "batch", "dtype"]) {
    if (asked.has(field)) form.elements[field].value = asked.get(field);
  }
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  show();
}
