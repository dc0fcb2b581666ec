// Runs the module beside the page, so that the page never waits for it.
let code;
let memory;

const text = (at, length) => new TextDecoder().decode(new Uint8Array(memory.buffer, at, length));

function put(bytes) {
  const at = code.room(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
  return [at, bytes.length];
}

function read(at) {
  const length = new DataView(memory.buffer).getUint32(at, true);
  const answer = JSON.parse(text(at + 4, length));
  code.done(at, length + 4);
  return answer;
}

async function open(module, files) {
  // What burn's dependencies would ask of a browser is never asked for here; it must be named all the same.
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => { throw new Error(`${name} is not here`); };
  }
  imports.page = {
    tell: (at, length) => postMessage({ told: text(at, length) }),
    panic: (at, length) => postMessage({ error: `The code stopped: ${text(at, length)}` }),
  };
  const instance = await WebAssembly.instantiate(module, imports);
  code = instance.exports;
  memory = code.memory;
  const encoder = new TextEncoder();
  for (const [name, bytes] of files) code.file(...put(encoder.encode(name)), ...put(new Uint8Array(bytes)));
  return read(code.open());
}

onmessage = async ({ data }) => {
  const began = performance.now();
  try {
    const answer = data.module
      ? await open(data.module, data.files)
      : read(code.run(...put(new TextEncoder().encode(JSON.stringify(data.request)))));
    if (answer.error) postMessage({ error: answer.error });
    else postMessage({ answer, milliseconds: performance.now() - began });
  } catch (error) {
    postMessage({ error: String(error.message ?? error) });
  }
};
