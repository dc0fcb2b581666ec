"""What the peers in Python share: how they are asked, and what they answer.

A peer is started with one model, one task and one shape. It prints a line of JSON with what it is and what came out of it; then each number on a
line of standard input asks for so many runs, and is answered with a line of their times. The tasks `ready` and `load` are done once, in a
process of their own.
"""

import argparse
import json
import resource
import sys
import time

TASKS = ["forward", "prefill", "decode", "ready", "load"]
IMAGES = {"vit-base-patch16-224": (3, 224, 224)}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--task", required=True, choices=TASKS)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--seq", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--weights", required=True, help="a folder with config.json and model.safetensors")
    parser.add_argument("--keep", help="a folder for what is made once and used again")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--dtype", default="f32", choices=["f32", "bf16"])
    return parser.parse_args()


def ids(batch, seq):
    """Rows of ids, by a rule that every peer follows."""
    return [[(1000 + 37 * (row * seq + column)) % 30000 for column in range(seq)] for row in range(batch)]


def next_id(step):
    return (1000 + 17 * step) % 30000


def pixels(batch, shape):
    """Numbers in a row, by a rule that every peer follows."""
    count = batch * shape[0] * shape[1] * shape[2]
    return [(at % 251) / 125.0 - 1.0 for at in range(count)]


def sample(arrays):
    """Eight numbers of all outputs taken together, evenly spread."""
    flat = [array.reshape(-1) for array in arrays]
    sizes = [len(array) for array in flat]
    total, picked = sum(sizes), []
    for k in range(8):
        at = k * total // 8
        for array, size in zip(flat, sizes):
            if at < size:
                picked.append(float(array[at]))
                break
            at -= size
    return picked


def peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def say(facts):
    print(json.dumps(facts), flush=True)


def serve(work):
    """Answers requests. `work()` does the task once: its outputs, and the seconds that count."""
    for line in sys.stdin:
        # What slept while another peer ran is woken first.
        work()
        wall, cpu = time.perf_counter(), cpu_seconds()
        seconds = [work()[1] for _ in range(int(line))]
        cores = (cpu_seconds() - cpu) / (time.perf_counter() - wall)
        say({"seconds": seconds, "cores": cores})


def run(args, peer, versions, make, once, arrays, parameters, note=None):
    """The whole of a peer. `make()` gives a model that is ready, `once(model)` does the task: outputs, and seconds. `arrays` makes numbers of
    outputs.
    """
    began = time.perf_counter()
    model = make()
    ready = time.perf_counter() - began
    outputs, _ = once(model)
    answered = time.perf_counter() - began
    # Before anything else is done with the outputs.
    peak = peak_bytes()
    outputs = arrays(outputs)
    facts = {
        "peer": peer, "version": versions, "model": args.model, "task": args.task, "batch": args.batch, "seq": args.seq,
        "threads": args.threads, "parameters": parameters(model), "output": [list(array.shape) for array in outputs],
        "sample": sample(outputs), "peak_bytes": peak, "note": note,
    }
    if args.task in ("ready", "load"):
        say({**facts, "seconds": [ready], "answer_seconds": [answered]})
        return
    say(facts)
    serve(lambda: once(model))
