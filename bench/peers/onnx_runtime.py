"""ONNX Runtime's side of the benchmark: the modules of transformers, exported once; `common.py` says how it is asked.

A graph is exported for one task and any batch and length, in a process of its own, and kept in the folder that `--keep` names. What reads
after other tokens takes their keys and values as inputs and gives the longer ones as outputs; they stay in the runtime's memory between steps.
"""

import os
import subprocess
import sys
import time

import common

GRAPHS = {"forward": ["forward"], "ready": ["forward"], "load": ["forward"], "prefill": ["prefill"], "decode": ["prefill", "step"]}


def path(args, graph):
    return os.path.join(args.keep, f"{args.model}-{graph}.onnx")


def export(args, graph):
    """Writes a graph, from the modules that `pytorch.py` runs."""
    import torch
    import pytorch
    from transformers import DynamicCache, EncoderDecoderCache

    model = pytorch.CLASSES[args.model].from_pretrained(args.weights, dtype=torch.float32, attn_implementation="sdpa").eval()
    is_t5, batch, seq = args.model == "t5-small", torch.export.Dim("batch", min=1, max=64), torch.export.Dim("seq", min=2, max=512)
    example = args.batch if args.batch > 1 else 2
    layers = model.config.num_hidden_layers

    def flat(cache):
        caches = [cache.self_attention_cache, cache.cross_attention_cache] if is_t5 else [cache]
        return [tensor for each in caches for layer in each.layers for tensor in (layer.keys, layer.values)]

    def cache_of(tensors):
        def build(part):
            cache = DynamicCache()
            for index in range(layers):
                cache.update(part[2 * index], part[2 * index + 1], index)
            return cache

        if not is_t5:
            return build(tensors)
        cache = EncoderDecoderCache(build(tensors[: 2 * layers]), build(tensors[2 * layers :]))
        cache.is_updated = dict.fromkeys(range(layers), True)
        return cache

    class Forward(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input):
            if args.model in common.IMAGES:
                return self.model(pixel_values=input).logits
            if args.model == "bert-base-uncased":
                out = self.model(input_ids=input)
                return out.last_hidden_state, out.pooler_output
            if args.model == "t5-small-encoder":
                return self.model(input_ids=input).last_hidden_state
            if is_t5:
                return self.model(input_ids=input, decoder_input_ids=input, use_cache=False).logits
            return self.model(input_ids=input, use_cache=False).logits

    class Prefill(Forward):
        def forward(self, input):
            if is_t5:
                start = torch.zeros_like(input[:, :1])
                out = self.model(input_ids=input, decoder_input_ids=start, use_cache=True)
            else:
                out = self.model(input_ids=input, use_cache=True, logits_to_keep=1)
            return (out.logits, *flat(out.past_key_values))

    class Step(Forward):
        def forward(self, input, past):
            cache = cache_of(past)
            if is_t5:
                # What the encoder read is in the cache; its hidden states are asked for, and not looked at.
                hidden = torch.zeros(input.shape[0], past[-1].shape[2], model.config.d_model)
                out = self.model(encoder_outputs=(hidden,), decoder_input_ids=input, past_key_values=cache, use_cache=True)
                return (out.logits, *flat(out.past_key_values)[: 2 * layers])
            out = self.model(input_ids=input, past_key_values=cache, use_cache=True)
            return (out.logits, *flat(out.past_key_values))

    shape = common.IMAGES.get(args.model)
    ids = torch.tensor(common.ids(example, args.seq))
    if graph == "step":
        with torch.inference_mode():
            past = list(Prefill()(ids)[1:])
        names = ["input", *[f"past.{index}" for index in range(len(past))]]
        # The text is read in another length than the cache of what is written: T5 has both.
        written, read = torch.export.Dim("written", min=1, max=1024), torch.export.Dim("read", min=2, max=512)
        extent = lambda index: read if is_t5 and index >= 2 * layers else written
        if is_t5:
            # More than one token was written, or their number counts as fixed.
            past = [torch.cat([tensor, tensor], 2) if index < 2 * layers else tensor for index, tensor in enumerate(past)]
        dynamic = ({0: batch}, [{0: batch, 2: extent(index)} for index in range(len(past))])
        inputs, module = (torch.full((example, 1), 5), past), Step()
    elif shape:
        inputs, module = (torch.zeros(example, *shape),), Forward()
        names, dynamic = ["input"], ({0: batch},)
    else:
        inputs, module = (ids,), Forward() if graph == "forward" else Prefill()
        names, dynamic = ["input"], ({0: batch, 1: seq},)
    with torch.inference_mode():
        program = torch.onnx.export(module.eval(), inputs, dynamo=True, dynamic_shapes=dynamic, input_names=names, verbose=False)
    # A session does not tell how many parameters it has.
    with open(path(args, graph) + ".parameters", "w") as file:
        file.write(str(sum(parameter.numel() for parameter in model.parameters())))
    program.save(path(args, graph), external_data=False)


class Subject:
    def __init__(self, args):
        import numpy
        import onnxruntime

        self.args, self.numpy, self.runtime = args, numpy, onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = args.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        graphs = GRAPHS[args.task]
        self.sessions = {
            graph: onnxruntime.InferenceSession(path(args, graph), options, providers=["CPUExecutionProvider"]) for graph in graphs
        }
        shape = common.IMAGES.get(args.model)
        if shape:
            plain = numpy.array(common.pixels(args.batch, shape), dtype=numpy.float32).reshape(args.batch, *shape)
        else:
            plain = numpy.array(common.ids(args.batch, args.seq), dtype=numpy.int64)
        self.input = self.value(plain)

    def value(self, array):
        return self.runtime.OrtValue.ortvalue_from_numpy(array)

    def run(self, graph, inputs):
        session = self.sessions[graph]
        names = [entry.name for entry in session.get_inputs()]
        return session.run_with_ort_values(None, dict(zip(names, inputs)))

    def step(self, number, past):
        token = self.value(self.numpy.full((self.args.batch, 1), common.next_id(number), dtype=self.numpy.int64))
        logits, *longer = self.run("step", [token, *past])
        # Keys and values of what an encoder read stay as they are.
        return logits, longer + past[len(longer) :]


def once(subject):
    task = subject.args.task
    if task not in ("prefill", "decode"):
        began = time.perf_counter()
        outputs = subject.run("forward", [subject.input])
    elif task == "prefill":
        began = time.perf_counter()
        outputs = subject.run("prefill", [subject.input])[:1]
    else:
        logits, *past = subject.run("prefill", [subject.input])
        began = time.perf_counter()
        for number in range(subject.args.steps):
            logits, past = subject.step(number, past)
        outputs = [logits]
    return outputs, time.perf_counter() - began


def main():
    if "--export" in sys.argv:
        sys.argv.remove("--export")
        args = common.arguments()
        for graph in GRAPHS[args.task]:
            if not os.path.exists(path(args, graph)):
                export(args, graph)
        return
    args = common.arguments()
    if args.task == "ready":
        sys.exit("an exported graph has its weights: there is nothing to draw")
    if not args.keep:
        sys.exit("expected `--keep`, found none")
    if any(not os.path.exists(path(args, graph)) for graph in GRAPHS[args.task]):
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--export"], check=True, stdout=sys.stderr)

    import onnxruntime

    def arrays(outputs):
        return [output.numpy() for output in outputs]

    def parameters(_subject):
        with open(path(args, GRAPHS[args.task][0]) + ".parameters") as file:
            return int(file.read())

    common.run(args, "onnxruntime", onnxruntime.__version__, lambda: Subject(args), once, arrays, parameters)


if __name__ == "__main__":
    main()
