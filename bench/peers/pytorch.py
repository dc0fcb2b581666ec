"""PyTorch's side of the benchmark, with the models of transformers: `common.py` says how it is asked."""

import os
import time

import common

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers
from transformers import AutoConfig, BertModel, GPT2LMHeadModel, T5EncoderModel, T5ForConditionalGeneration, ViTForImageClassification

CLASSES = {
    "bert-base-uncased": BertModel,
    "gpt2-small": GPT2LMHeadModel,
    "t5-small": T5ForConditionalGeneration,
    "t5-small-encoder": T5EncoderModel,
    "vit-base-patch16-224": ViTForImageClassification,
}
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


class Subject:
    """A model with its input, as the tasks want it."""

    def __init__(self, args, model, compiled=False):
        self.args, self.model, self.device = args, model, args.device
        self.call = torch.compile(model) if compiled else model
        shape = common.IMAGES.get(args.model)
        if shape:
            self.input = torch.tensor(common.pixels(args.batch, shape), dtype=DTYPES[args.dtype]).reshape(args.batch, *shape)
        else:
            self.input = torch.tensor(common.ids(args.batch, args.seq))
        self.input = self.input.to(self.device)
        self.forget()

    def forget(self):
        self.past, self.encoded = None, None

    def outputs(self):
        if self.args.model == "vit-base-patch16-224":
            return [self.call(pixel_values=self.input).logits]
        if self.args.model == "bert-base-uncased":
            out = self.call(input_ids=self.input)
            return [out.last_hidden_state, out.pooler_output]
        if self.args.model == "t5-small-encoder":
            return [self.call(input_ids=self.input).last_hidden_state]
        if self.args.model == "t5-small":
            return [self.call(input_ids=self.input, decoder_input_ids=self.input, use_cache=False).logits]
        return [self.call(input_ids=self.input, use_cache=False).logits]

    def read(self):
        """Scores after the text; an encoder–decoder reads it with its encoder and scores what comes after its first token, 0."""
        if self.args.model == "t5-small":
            self.encoded = self.model.encoder(input_ids=self.input)
            return self.write(torch.zeros(self.args.batch, 1, dtype=torch.long, device=self.device))
        out = self.call(input_ids=self.input, use_cache=True, logits_to_keep=1)
        self.past = out.past_key_values
        return out.logits

    def write(self, token):
        if self.args.model == "t5-small":
            out = self.call(encoder_outputs=self.encoded, decoder_input_ids=token, past_key_values=self.past, use_cache=True)
        else:
            out = self.call(input_ids=token, past_key_values=self.past, use_cache=True)
        self.past = out.past_key_values
        return out.logits

    def step(self, number):
        return self.write(torch.full((self.args.batch, 1), common.next_id(number), device=self.device))

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()


@torch.inference_mode()
def once(subject):
    """The task, once: what came out, and the seconds that count."""
    task = subject.args.task
    if task not in ("prefill", "decode"):
        began = time.perf_counter()
        outputs = subject.outputs()
    elif task == "prefill":
        subject.forget()
        began = time.perf_counter()
        outputs = [subject.read()]
    else:
        subject.forget()
        outputs = [subject.read()]
        subject.wait()
        began = time.perf_counter()
        for number in range(subject.args.steps):
            outputs = [subject.step(number)]
    subject.wait()
    seconds = time.perf_counter() - began
    return outputs, seconds


def main():
    args = common.arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    kind = CLASSES[args.model]

    def make():
        if args.task == "ready":
            model = kind(AutoConfig.from_pretrained(args.weights))
        else:
            model = kind.from_pretrained(args.weights, dtype=DTYPES[args.dtype])
        return Subject(args, model.eval().to(args.device), compiled=bool(os.environ.get("PEER_COMPILE")))

    def arrays(outputs):
        return [output.float().cpu() for output in outputs]

    def parameters(subject):
        return sum(parameter.numel() for parameter in subject.model.parameters())

    name = "pytorch-compiled" if os.environ.get("PEER_COMPILE") else "pytorch"
    versions = f"{torch.__version__}, transformers {transformers.__version__}"
    common.run(args, name, versions, make, once, arrays, parameters)


if __name__ == "__main__":
    main()
