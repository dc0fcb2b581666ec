// usage: node schema.mjs PUBLIC_DIR
// Exits 1 unless every model's record keeps to the schema that is published beside it, and a broken record does not.
import Ajv from 'ajv/dist/2020.js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const read = path => JSON.parse(readFileSync(join(folder, path), 'utf8'));
const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictRequired: false }).compile(read('schema/model.json'));
let bad = 0;
const fail = text => { console.log(text); bad += 1; };

const models = readdirSync(join(folder, 'models')).filter(name => name.endsWith('.json')).sort();
for (const name of models) {
  if (validate(read(`models/${name}`))) continue;
  for (const { instancePath, message, params } of validate.errors.slice(0, 5)) fail(`models/${name}${instancePath} ${message} ${JSON.stringify(params)}`);
}

// A schema that takes anything would say the same of all of them.
const broken = {
  'a field is gone': model => { delete model.fact.date; },
  'a field is unknown': model => { model.surprise = 1; },
  'a value lost its sources': model => { delete model.fact.family.source; },
  'a date is none': model => { model.fact.date.value = 'yesterday'; },
  'a source is a text': model => { model.fact.family.source = ['a paper']; },
  'a count is a text': model => { model.preset = [{ ...model.preset[0], size: '110 M' }]; },
  'an outcome has no status': model => { model.outcome = [{ check_id: 'x', device: 'flex', error: null, tolerance: null, measure: null, detail: '' }]; },
};
if (models.length > 0) {
  const sample = models.map(name => `models/${name}`).find(path => read(path).preset.length > 0) ?? `models/${models[0]}`;
  for (const [what, breaks] of Object.entries(broken)) {
    const model = read(sample);
    breaks(model);
    if (validate(model)) fail(`the schema does not see that ${what}`);
  }
}
console.log(bad === 0 ? `${models.length} records keep to the schema` : `${bad} problems`);
process.exit(bad === 0 ? 0 : 1);
