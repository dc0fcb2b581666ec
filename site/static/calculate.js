// The calculator: takes its numbers from the table below it, and shows each with the formula it comes from.

const form = document.getElementById("calculator");
const answer = document.getElementById("calculated");
const rows = new Map([...document.querySelectorAll("tr[data-id]")].map((row) => [row.dataset.id, row.dataset]));

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

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

// Each with what it is called, its value and where that comes from.
function calculate(size, tokens, batch, width) {
  const counted = lengths(size).find((length) => length.tokens === tokens);
  const [fixed, pair, state] = [whole(size.fixed), whole(size.pair), whole(size.state)];
  const parameters = whole(size.parameters);
  const items = [["Weights", bytes(parameters * width), `${grouped(parameters)} parameters × ${width} bytes`]];
  if (counted && counted.kept !== null) {
    const kept = (counted.kept * batch * width) / 4n;
    items.push(["Kept while writing", bytes(kept), `${grouped(counted.kept)} bytes in f32, as the decoder's state holds after ${grouped(tokens)} tokens, × ${batch} × ${width} / 4`]);
  } else if (state !== null) {
    items.push(["Kept while writing", bytes(state * tokens * batch * width), `${grouped(state)} numbers a token × ${grouped(tokens)} tokens × ${batch} × ${width} bytes, estimated`]);
  }
  if (counted) {
    items.push(["Activations of a forward pass", bytes((counted.activations * batch * width) / 4n), `${grouped(counted.activations)} bytes in f32 at most at a time, × ${batch} × ${width} / 4`]);
    items.push(["A forward pass", flops(counted.forward * batch), `${grouped(counted.forward)} operations in matrix products, counted, × ${batch}`]);
  } else if (fixed !== null) {
    items.push(["A forward pass", flops((fixed + pair * tokens) * tokens * batch), `(${grouped(fixed)} + ${grouped(pair)} × ${grouped(tokens)}) × ${grouped(tokens)} tokens × ${batch}, estimated`]);
  }
  if (counted && counted.step !== null) {
    items.push(["The next token", flops(counted.step * batch), `${grouped(counted.step)} operations, counted, × ${batch}`]);
  } else if (state !== null && fixed !== null) {
    items.push(["The next token", flops((fixed + pair * tokens) * batch), `(${grouped(fixed)} + ${grouped(pair)} × ${grouped(tokens)}) × ${batch}, estimated`]);
  }
  const others = lengths(size).map((length) => grouped(length.tokens));
  const otherwise = fixed === null ? "for other lengths there is no formula" : "otherwise estimated";
  const note = !counted && others.length > 0 ? `Counted at ${others.join(", ")} tokens; ${otherwise}.` : "";
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
  answer.hidden = false;
  if (!size) {
    answer.replaceChildren(element("p", `There is no size “${data.get("size")}” in the table.`));
    return;
  }
  const { items, note } = calculate(size, number("tokens"), number("batch"), BigInt(data.get("dtype")));
  const list = document.createElement("dl");
  for (const [name, value, how] of items) {
    const item = document.createElement("div");
    const told = element("dd", value, "value");
    item.append(element("dt", name), told, element("dd", how, "how"));
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
  if (!form.elements.size.value) {
    const first = rows.has("gpt2-small") ? "gpt2-small" : rows.keys().next().value;
    form.elements.size.value = first ?? "";
  }
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  show();
}
