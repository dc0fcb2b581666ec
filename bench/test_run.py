"""The driver with peers that are a few lines each: `python3 -m unittest discover -s bench`."""

import contextlib
import io
import json
import os
import sys
import tempfile
import textwrap
import time
import unittest
from unittest import mock

import run
import tables
from workers import Failed, Worker

# Answers each request with as many times, after it said what it is.
PEER = """
    import json, os, sys
    print("a library talks", flush=True)
    facts = {"version": "1", "note": None, "parameters": 1, "output": [], "sample": []}
    print(json.dumps({**facts, "peak_bytes": 7, "threads": os.environ["OMP_NUM_THREADS"]}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": [0.5] * int(line), "cores": 1.0}), flush=True)
"""


def worker(program, threads=2):
    return Worker([sys.executable, "-c", textwrap.dedent(program)], threads)


def entry(peer, **changes):
    plain = {
        "peer": peer, "model": "gpt2-small", "task": "forward", "batch": 1, "threads": 1, "steps": 4, "device": "cpu", "dtype": "f32",
        "version": "1", "note": None, "parameters": 10, "output": [[1, 2]], "sample": [1.0, -2.0], "flops": 10**9, "bytes": 10**6,
        "seconds": [0.1, 0.1, 0.2, 0.2], "cores": [1.0], "others": [0.5], "peak_bytes": 1 << 20,
    }
    return {**plain, **changes}


def results(*measurements, **changes):
    plain = {
        "date": "2026-01-02", "note": "", "device": "cpu", "dtype": "f32", "left_out": [], "measurements": list(measurements),
        "options": {"seq": 8, "steps": 4, "turns": 2, "runs": 2},
        "machine": {
            "cpu": "a CPU", "arch": "x", "cores": 2, "memory_bytes": 1 << 30, "os": "linux", "kernel": "6",
            "peaks": [{"threads": 1, "gflops": 100.0, "read_gb_per_s": 10.0}],
        },
    }
    return {**plain, **changes}


class Workers(unittest.TestCase):
    def test_a_worker_is_asked_and_stopped_between(self):
        with worker(PEER) as peer:
            self.assertEqual(peer.facts["threads"], "2")
            peer.turn(3)
            peer.turn(1)
            self.assertEqual(peer.facts["seconds"], [0.5] * 4)
            self.assertEqual((len(peer.facts["others"]), peer.facts["peak_bytes"]), (2, 7))
            time.sleep(0.05)
            with open(f"/proc/{peer.process.pid}/stat") as stat:
                self.assertEqual(stat.read().rsplit(")", 1)[1].split()[0], "T")
            number = peer.process.pid
        self.assertFalse(os.path.exists(f"/proc/{number}"))

    def test_one_that_says_too_little_or_what_nobody_can_read_is_told(self):
        for said, why in [('"parameters"', "did not tell parameters"), ('"seconds"', "did not tell seconds")]:
            with self.assertRaisesRegex(Failed, why):
                with worker(PEER.replace(said, '"something"')) as peer:
                    peer.turn(1)
        with self.assertRaisesRegex(Failed, "no JSON"):
            worker("print('{')")

    def test_one_that_is_missing_fails_or_dies_midway_is_told(self):
        with self.assertRaisesRegex(Failed, "no-such-peer"):
            Worker(["/no-such-peer"], 1)
        with self.assertRaisesRegex(Failed, "torch"):
            worker("raise SystemExit('no torch here')")
        with worker(PEER.replace("for line in sys.stdin:", "for line in sys.stdin:\n        sys.exit('tired')")) as peer:
            with self.assertRaisesRegex(Failed, "tired"):
                peer.turn(1)


class Equality(unittest.TestCase):
    def test_only_the_same_work_is_compared(self):
        ours = entry("zoo")
        self.assertIsNone(tables.unequal(ours, entry("candle")))
        self.assertIsNone(tables.unequal(ours, entry("candle", sample=[1.0005, -2.0])))
        self.assertIn("parameters 10 here and 11", tables.unequal(ours, entry("candle", parameters=11)))
        self.assertIn("[[1, 1]]", tables.unequal(ours, entry("candle", output=[[1, 1]])))
        self.assertIn("apart", tables.unequal(ours, entry("candle", sample=[1.01, -2.0])))
        for nothing in [float("nan"), None]:
            self.assertIn("apart", tables.unequal(ours, entry("candle", sample=[nothing, -2.0])))
            self.assertIn("apart", tables.unequal(ours, entry("candle", sample=[1.0, nothing])))
        self.assertIn("candle took 1.9 cores for 1", tables.unequal(ours, entry("candle", cores=[1.8, 2.0])))
        self.assertIn("zoo took", tables.unequal(entry("zoo", cores=[2.0]), entry("candle")))

    def test_drawn_weights_differ_and_their_number_does_not(self):
        ours, theirs = entry("zoo", task="ready"), entry("candle", task="ready", sample=[5.0, 5.0])
        self.assertIsNone(tables.unequal(ours, theirs))
        self.assertIsNotNone(tables.unequal(ours, {**theirs, "parameters": 9}))


class Tables(unittest.TestCase):
    def test_a_ratio_is_that_of_turns(self):
        # The second turn is slower for both: a load on the machine, which the ratio does not see.
        low, middle, high = tables.ratios(entry("zoo"), entry("candle", seconds=[0.15, 0.15, 0.3, 0.3]), runs=2)
        self.assertAlmostEqual(middle, 1.5)
        self.assertAlmostEqual(low, high)

    def test_the_larger_limit_counts(self):
        machine = results()["machine"]
        self.assertEqual(tables.share(entry("zoo", seconds=[0.02]), machine), (0.5, "compute"))
        self.assertEqual(tables.share(entry("zoo", seconds=[0.4], bytes=10**9), machine), (0.25, "memory"))
        self.assertIsNone(tables.share(entry("zoo", threads=2), machine))
        self.assertIsNone(tables.share(entry("zoo", device="cuda"), machine))

    def test_everything_is_told(self):
        told = tables.text(
            [
                results(
                    entry("zoo"), entry("candle", seconds=[0.2, 0.2, 0.4, 0.4]), entry("pytorch", parameters=11),
                    entry("zoo", task="load", seconds=[1.0], answer_seconds=[2.0], read_seconds=[0.5], file_bytes=1 << 20, others=[]),
                    left_out=[{"peer": "onnxruntime", "model": "gpt2-small", "task": "decode", "why": "not installed"}],
                )
            ]
        )
        for part in [
            "| GPT-2 small | 1 | 150 ms (100 ms – 200 ms) | 7% of compute | **2.00** (2.00–2.00) | not the same work |",
            "No ratio for PyTorch, GPT-2 small forward: parameters 10 here and 11 there",
            "ONNX Runtime is left out of GPT-2 small decode: not installed",
            "other programs took 0.50 of the 2 cores",
            "| GPT-2 small, to the first answer | 2.00 s |",
        ]:
            self.assertIn(part, told)

    def test_tables_go_between_the_markers_and_nowhere_else(self):
        with tempfile.NamedTemporaryFile("w+", suffix=".md") as file:
            file.write(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
            file.flush()
            for _ in range(2):
                tables.write(file.name, "new\n")
            with open(file.name) as written:
                self.assertEqual(written.read(), f"before\n{tables.BEGIN}\n\nnew\n\n{tables.END}\nafter\n")
        with tempfile.NamedTemporaryFile("w+", suffix=".md") as file, self.assertRaises(SystemExit):
            tables.write(file.name, "new\n")


class Options(unittest.TestCase):
    def refused(self, *words):
        said = io.StringIO()
        with mock.patch.object(sys, "argv", ["run.py", *words]), contextlib.redirect_stderr(said):
            with self.assertRaises(SystemExit) as ended:
                run.arguments()
        self.assertEqual(ended.exception.code, 2)
        return said.getvalue()

    def test_what_cannot_be_is_refused(self):
        self.assertIn("expected `--threads` from 1 to", self.refused("--threads", "0"))
        self.assertIn("found 9999", self.refused("--threads", "1,9999"))
        self.assertIn("found `tensorflow`", self.refused("--peers", "tensorflow"))
        self.assertIn("found `bert`", self.refused("--models", "bert"))
        self.assertIn("--runs", self.refused("--runs", "0"))
        self.assertIn("f32 on the CPU", self.refused("--dtype", "bf16"))
        self.assertIn("found candle", self.refused("--device", "cuda", "--peers", "candle,pytorch"))
        self.assertIn("found pytorch-compiled", self.refused("--peers", "pytorch-compiled"))

    def test_a_missing_peer_ends_nothing(self):
        with mock.patch.object(sys, "argv", ["run.py", "--candle", "/no-such-peer", "--peers", "candle", "--turns", "1"]):
            args = run.arguments()
        self.assertEqual(args.peers, ["zoo", "candle"])
        kept = results()
        case = {"model": "gpt2-small", "task": "forward", "batch": 1, "threads": 1}
        program = [sys.executable, "-c", textwrap.dedent(PEER)]
        command = lambda args, peer, case: (program if peer == "zoo" else [args.candle], {})
        with mock.patch.object(run, "command", command), contextlib.redirect_stderr(io.StringIO()):
            run.measure(args, case, kept)
        self.assertEqual([entry["peer"] for entry in kept["measurements"]], ["zoo"])
        self.assertEqual(len(kept["measurements"][0]["seconds"]), args.runs)
        self.assertIn("No such file", kept["left_out"][0]["why"])
        json.dumps(kept)


if __name__ == "__main__":
    unittest.main()
