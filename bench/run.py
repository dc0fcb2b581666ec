"""Puts zoo beside candle, PyTorch and ONNX Runtime: the same work, on the same machine, at the same time.

    bash bench/peers/setup.sh                       once: the peers, below target/peers
    cargo build --release
    python3 bench/run.py                            everything; `--quick` for a first look
    python3 bench/run.py --table bench/results/*.json --write BENCHMARKS.md

Each peer is a process of its own with the same number of threads, the same weights (of one file that zoo writes), the same input and no
gradients. They take turns, one run of each after the other, so that whatever else the machine does falls on all of them; while one
runs, the others are stopped. All must have as many parameters and give the same numbers, or there is no ratio.

A peer that is missing or fails is left out with a word. Only Python's own library is needed here.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import signal
import subprocess
import sys

import tables
from workers import Failed, Worker, read_seconds

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = os.path.join(ROOT, "target", "peers")

# How zoo is told of each, and what is timed of it.
MODELS = {
    "bert-base-uncased": (["bert-base-uncased"], ["forward", "ready", "load"]),
    "gpt2-small": (["gpt2-small"], ["forward", "prefill", "decode", "ready", "load"]),
    "t5-small-encoder": (["t5-small", "--set", "head=encoder"], ["forward"]),
    "t5-small": (["t5-small"], ["forward", "prefill", "decode", "ready", "load"]),
    "vit-base-patch16-224": (["vit-base-patch16-224", "--set", "head=image-classification"], ["forward", "ready", "load"]),
}
TASKS = ["forward", "prefill", "decode", "ready", "load"]
ONCE = ["ready", "load"]
CPU = ["zoo", "candle", "pytorch", "onnxruntime"]
CUDA = ["zoo", "pytorch", "pytorch-compiled"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = lambda text: [int(word) for word in text.split(",")]
    words = lambda known: lambda text: [known_word(word, known) for word in text.split(",")]
    parser.add_argument("--models", type=words(list(MODELS)), default=list(MODELS), help="of " + ", ".join(MODELS))
    parser.add_argument("--tasks", type=words(TASKS), default=TASKS, help="of " + ", ".join(TASKS))
    parser.add_argument("--peers", type=words(sorted(set(CPU + CUDA))), help="otherwise all that run on the device; zoo is always there")
    parser.add_argument("--batch", type=numbers, help="otherwise 1,8; on a GPU 1,8,64")
    parser.add_argument("--threads", type=numbers, help="otherwise 1 and as many as there are cores")
    parser.add_argument("--seq", type=int, default=128, help="tokens of a text")
    parser.add_argument("--steps", type=int, default=32, help="tokens that are written")
    parser.add_argument("--turns", type=int, default=5, help="how often every peer has its turn")
    parser.add_argument("--runs", type=int, default=3, help="runs in a turn, after one that is not timed")
    parser.add_argument("--quick", action="store_true", help="BERT and GPT-2, one batch, all threads, two turns of one run")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--dtype", default="f32", choices=["f32", "bf16"], help="bf16 is for a GPU")
    parser.add_argument("--zoo", default=os.environ.get("ZOO", os.path.join(ROOT, "target", "release", "zoo")))
    parser.add_argument("--candle", default=os.path.join(PEERS, "release", "peer-candle"))
    parser.add_argument("--python", default=os.path.join(PEERS, "venv", "bin", "python"), help="the one that has PyTorch")
    parser.add_argument("--keep", default=os.path.join(PEERS, "kept"), help="weights and exported graphs, used again")
    parser.add_argument("--name", help="of the results; otherwise the date")
    parser.add_argument("--note", default="", help="what a reader has to know of this machine or day")
    parser.add_argument("--table", nargs="+", metavar="FILE", help="print the tables of results, and run nothing")
    parser.add_argument("--write", metavar="FILE", help="with --table: write them into this file, between its markers")
    args = parser.parse_args()
    if args.quick:
        args.models, args.batch, args.turns, args.runs = ["bert-base-uncased", "gpt2-small"], [1], 2, 1
        args.threads = args.threads or [cores()]
    there = CPU if args.device == "cpu" else CUDA
    args.peers = args.peers or there
    elsewhere = [peer for peer in args.peers if peer not in there]
    if elsewhere:
        parser.error(f"expected peers that are compared on `{args.device}`, {', '.join(there)}, found {', '.join(elsewhere)}")
    args.peers = ["zoo", *[peer for peer in args.peers if peer != "zoo"]]
    args.batch = args.batch or ([1, 8] if args.device == "cpu" else [1, 8, 64])
    args.threads = args.threads or sorted({1, cores()})
    for threads in args.threads:
        if not 1 <= threads <= cores():
            parser.error(f"expected `--threads` from 1 to {cores()}, found {threads}")
    for name in ["seq", "steps", "turns", "runs"]:
        if getattr(args, name) < 1:
            parser.error(f"expected `--{name}` of 1 or more, found {getattr(args, name)}")
    if any(batch < 1 for batch in args.batch):
        parser.error(f"expected batches of 1 or more, found {args.batch}")
    if args.dtype != "f32" and args.device == "cpu":
        parser.error("expected f32 on the CPU: not all peers compute in bf16 there")
    return args


def known_word(word, known):
    if word not in known:
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}, found `{word}`")
    return word


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main():
    args = arguments()
    if args.table:
        results = []
        for path in args.table:
            with open(path) as file:
                results.append(json.load(file))
        text = tables.text(results)
        if args.write:
            tables.write(args.write, text)
        else:
            print(text, end="")
        return
    # Whatever ends this, the peers end with it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    path = os.path.join(ROOT, "bench", "results", f"{args.name or datetime.date.today().isoformat()}.json")
    results = {
        "format": 1, "date": datetime.date.today().isoformat(), "note": args.note, "device": args.device, "dtype": args.dtype,
        "options": {name: getattr(args, name) for name in ["models", "tasks", "peers", "batch", "threads", "seq", "steps", "turns", "runs"]},
        "machine": machine(args), "left_out": [], "measurements": [],
    }
    try:
        for case in cases(args):
            measure(args, case, results)
            # After each case, so that a run that is ended leaves what it had.
            save(path, results)
        results["machine"] = better(results["machine"], machine(args))
        save(path, results)
    except KeyboardInterrupt:
        print("ended: what was measured so far is kept", file=sys.stderr)
    print(tables.text([results]), end="")
    print(f"written to {os.path.relpath(path)}", file=sys.stderr)


def save(path, results):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".partial", "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    os.replace(path + ".partial", path)


def machine(args):
    """The machine in numbers: zoo measures it, with one thread and with as many as are asked for."""
    told = zoo(args, ["--machine", "--json", "--threads", str(max(args.threads))])
    facts = json.loads(told)
    return {**facts, "kernel": platform.release(), "python": platform.python_version()}


def better(before, after):
    """The machine by the best of what was measured at two times: whatever else runs only makes it look slower."""
    best = lambda a, b: {name: max(a[name], b[name]) for name in a}
    return {**before, "peaks": [best(a, b) for a, b in zip(before["peaks"], after["peaks"], strict=True)]}


def zoo(args, options):
    try:
        return subprocess.run([args.zoo, "bench", *options], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        sys.exit(f"{args.zoo} is not there: `cargo build --release` makes it, `--zoo` names another")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"`zoo bench {' '.join(options)}` failed: {failed.stderr.strip()}")


def cases(args):
    """What every peer is asked, in this order."""
    for model in args.models:
        for task in MODELS[model][1]:
            if task not in args.tasks:
                continue
            # A model comes to be once, with all threads.
            once = task in ONCE
            for threads in [max(args.threads)] if once else args.threads:
                for batch in args.batch[:1] if once else args.batch:
                    yield {"model": model, "task": task, "batch": batch, "threads": threads}


def weights(args, model):
    """The folder with the weights that all peers are given."""
    folder = os.path.join(args.keep, model)
    if not os.path.exists(os.path.join(folder, "model.safetensors")):
        zoo(args, [*MODELS[model][0], "--write", folder])
    return folder


def command(args, peer, case):
    """How a peer is started, and what is set for it."""
    shape = ["--batch", str(case["batch"]), "--seq", str(args.seq), "--steps", str(args.steps), "--threads", str(case["threads"])]
    shape += ["--weights", weights(args, case["model"])]
    if peer == "zoo":
        device = ["--device", "cuda:0"] if args.device == "cuda" else []
        return [args.zoo, "bench", *MODELS[case["model"]][0], "--worker", case["task"], *shape, *device], {}
    asked = ["--model", case["model"], "--task", case["task"], *shape]
    if peer == "candle":
        return [args.candle, *asked], {}
    script = os.path.join(ROOT, "bench", "peers", "onnx_runtime.py" if peer == "onnxruntime" else "pytorch.py")
    extra = ["--keep", args.keep, "--device", args.device, "--dtype", args.dtype]
    return [args.python, script, *asked, *extra], {"PEER_COMPILE": "1"} if peer == "pytorch-compiled" else {}


def measure(args, case, results):
    told = " ".join(f"{case[name]}" for name in ["model", "task"])
    print(f"{told}, batch {case['batch']}, {case['threads']} threads", file=sys.stderr, flush=True)
    with contextlib.ExitStack() as stack:
        workers = {}
        for peer in args.peers:
            if peer == "zoo" and args.dtype != "f32":
                leave_out(results, peer, case, "zoo computes in f32 alone so far")
                continue
            try:
                worker = once(args, peer, case) if case["task"] in ONCE else stack.enter_context(start(args, peer, case))
            except Failed as failed:
                leave_out(results, peer, case, str(failed))
                continue
            workers[peer] = worker
        for _ in range(0 if case["task"] in ONCE else args.turns):
            for peer in list(workers):
                try:
                    workers[peer].turn(args.runs)
                except Failed as failed:
                    leave_out(results, peer, case, str(failed))
                    del workers[peer]
        for peer, worker in workers.items():
            entry = {**worker.facts, **case, "peer": peer, "device": args.device, "dtype": args.dtype, "steps": args.steps}
            results["measurements"].append(entry)


def start(args, peer, case):
    words, extra = command(args, peer, case)
    return Worker(words, case["threads"], extra)


def once(args, peer, case):
    """What is done once in a process, in as many processes as there are turns."""
    first = None
    for _ in range(args.turns):
        read = read_seconds(os.path.join(weights(args, case["model"]), "model.safetensors"))
        with start(args, peer, case) as worker:
            first = first or worker
            if worker is not first:
                first.add(worker.facts)
            first.facts.setdefault("read_seconds", []).append(read)
    first.facts["file_bytes"] = os.path.getsize(os.path.join(weights(args, case["model"]), "model.safetensors"))
    return first


def leave_out(results, peer, case, why):
    print(f"  {peer} is left out: {why}", file=sys.stderr, flush=True)
    results["left_out"].append({"peer": peer, **case, "why": why})


if __name__ == "__main__":
    main()
