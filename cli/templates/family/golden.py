#!/usr/bin/env python3
"""Records a golden: a tiny reference model with random parameters, and what it computes.

    python3 -m venv .venv && .venv/bin/pip install torch transformers
    .venv/bin/python golden.py BertForMaskedLM src/bert/golden/bert-mlm \\
        vocab_size=99 hidden_size=36 num_hidden_layers=3 num_attention_heads=4 intermediate_size=41 max_position_embeddings=20

The first argument is a class of Hugging Face transformers that reads text, the second a folder, the others are fields of its
configuration. Choose sizes that differ from each other. What is recorded, for a batch with one padded row:

- every hidden state and attention map, and what the head says;
- where the class takes labels, the loss and the gradient of every parameter;
- the rounding noise of each: how far the reference in f32 is from itself in f64. A family passes within four times that.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

SEED = 1
TEXTS, LENGTH, PADDING = 3, 11, 4
IGNORED = -100


def main(name, folder, *fields):
    torch.manual_seed(SEED)
    kind = getattr(transformers, name)
    given = {key: value_of(text) for key, text in (field.split("=", 1) for field in fields)}
    config = kind.config_class(**given)
    config.architectures = [name]
    config._attn_implementation = "eager"
    model = kind(config).eval()
    randomise(model)

    inputs = texts(config)
    labels = labels_for(name, config, inputs)
    outputs = {}
    cases = [forward_case(model, inputs, outputs)]
    if labels is not None:
        cases.append(loss_case(model, inputs | {"labels": labels}, outputs))

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # As published: no second copy of a tied matrix, no parameters on a graph.
    model.float().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    stored = {f"fwd.{role}": value for role, value in inputs.items()}
    stored |= {} if labels is None else {"loss.labels": labels}
    save_file(stored, folder / "inputs.safetensors")
    save_file({key: value.float().contiguous() for key, value in outputs.items()}, folder / "outputs.safetensors")
    meta = {
        "hf_class": name,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "seed": SEED,
        "n_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "cases": cases,
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    print(f"{folder}: {meta['n_parameters']} parameters, {len(outputs)} outputs")


def value_of(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def randomise(model):
    """Large enough that every activation bends and attention is far from uniform; norms and biases too."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter)
            if parameter.dim() > 1:
                width = 1.0 if "embedding" in name else parameter.shape[-1] ** -0.5
                parameter.copy_(1.3 * width * noise)
            elif name.endswith("weight"):
                parameter.copy_(1 + 0.3 * noise)
            else:
                parameter.copy_(0.3 * noise)


def texts(config):
    """A batch whose last row is padded on the right."""
    mask = torch.ones(TEXTS, LENGTH, dtype=torch.long)
    mask[-1, LENGTH - PADDING :] = 0
    inputs = {"input_ids": torch.randint(1, config.vocab_size, (TEXTS, LENGTH)), "attention_mask": mask}
    if getattr(config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = torch.randint(0, config.type_vocab_size, (TEXTS, LENGTH))
    return inputs


def labels_for(name, config, inputs):
    if name.endswith("SequenceClassification"):
        return torch.arange(TEXTS) % config.num_labels
    if name.endswith("TokenClassification"):
        labels = torch.randint(0, config.num_labels, (TEXTS, LENGTH))
    elif name.endswith(("MaskedLM", "LMHeadModel", "CausalLM")):
        labels = torch.randint(1, config.vocab_size, (TEXTS, LENGTH))
    else:
        return None
    # Some positions count, others do not, and padding never does.
    chosen = (torch.rand(TEXTS, LENGTH) < 0.5) & (inputs["attention_mask"] == 1)
    return torch.where(chosen, labels, IGNORED)


def run(model, inputs):
    """Every number of a forward pass by name."""
    result = model(**inputs, output_hidden_states=True, output_attentions=True, return_dict=True)
    named = {}
    for key, value in result.items():
        if isinstance(value, torch.Tensor):
            named[key] = value
        elif key in ("hidden_states", "attentions"):
            named |= {f"{key}.{index}": each for index, each in enumerate(value)}
    return named


def forward_case(model, inputs, outputs):
    with torch.no_grad():
        single = run(model.float(), inputs)
        double = run(model.double(), inputs)
    real = inputs["attention_mask"].bool()
    recorded = {}
    for name, value in single.items():
        difference = (value.double() - double[name]).abs()
        # What belongs to a token counts at real tokens only: [text, token, …], of attention maps [text, head, token, token].
        if name.startswith("attentions"):
            difference = difference.transpose(1, 2)[real]
        elif value.shape[:2] == real.shape:
            difference = difference[real]
        outputs[f"fwd.{name}"] = value
        recorded[name] = {"key": f"fwd.{name}", "shape": list(value.shape), "noise_on_real_tokens": difference.max().item()}
    return {
        "name": "fwd",
        "kind": "forward",
        "inputs": {role: f"fwd.{role}" for role in inputs},
        "outputs": recorded,
    }


def loss_case(model, inputs, outputs):
    def gradients(model):
        model.zero_grad()
        loss = model(**inputs).loss
        loss.backward()
        return loss.detach(), {name: p.grad.double() for name, p in model.named_parameters() if p.grad is not None}

    loss, single = gradients(model.float())
    exact, double = gradients(model.double())
    outputs["loss.loss"] = loss.reshape(1)
    keys = {role: f"fwd.{role}" for role in inputs} | {"labels": "loss.labels"}
    by_parameter = {
        name: [double[name].norm().item(), double[name].sum().item()] if name in double else None
        for name, _ in model.named_parameters()
    }
    return {
        "name": "loss",
        "kind": "loss",
        "inputs": keys,
        "outputs": {"loss": {"key": "loss.loss", "shape": [1], "noise_f32_vs_f64": (loss.double() - exact).abs().item()}},
        "grad": {
            "noise_max_abs_elementwise": max((single[name] - double[name]).abs().max().item() for name in double),
            "by_parameter": by_parameter,
        },
    }


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
