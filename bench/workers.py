"""Processes that are asked for runs, one at a time."""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

VARIABLES = ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
# What a peer says of itself.
FACTS = ["version", "note", "parameters", "output", "sample", "peak_bytes"]
# Longer than any export, load and first run takes.
PATIENCE = 900


class Failed(Exception):
    """A peer that is not there, or stopped."""


class Worker:
    """A peer with its model, stopped whenever it is not asked: a thread that waits for work by looking for it would slow down others."""

    def __init__(self, words, threads, extra=None):
        environment = {**os.environ, **(extra or {}), **dict.fromkeys(VARIABLES, str(threads))}
        try:
            self.process = subprocess.Popen(
                words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True, preexec_fn=end_with_parent,
            )
        except OSError as error:
            raise Failed(f"{words[0]}: {error.strerror}") from error
        self.said, self.errors = b"", b""
        try:
            self.facts = {"seconds": [], "cores": [], "others": [], "sample": [], **self.hear(FACTS)}
        except BaseException:
            self.end()
            raise
        self.signal(signal.SIGSTOP)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def turn(self, runs):
        """So many runs, after one that wakes it."""
        self.signal(signal.SIGCONT)
        before, own = time.perf_counter(), self.cpu_seconds()
        busy = busy_seconds()
        try:
            self.process.stdin.write(f"{runs}\n".encode())
            self.process.stdin.flush()
        except OSError as error:
            raise Failed(f"it has ended: {error.strerror}") from error
        told = self.hear(["seconds", "cores"])
        wall = time.perf_counter() - before
        # What the machine did besides, in cores: nobody's times are worth more than that is small.
        others = (busy_seconds() - busy - (self.cpu_seconds() - own)) / wall
        self.signal(signal.SIGSTOP)
        self.facts["seconds"] += told["seconds"]
        self.facts["cores"].append(told["cores"])
        self.facts["others"].append(max(others, 0.0))

    def add(self, facts):
        """What another process found of the same work, done once in each."""
        self.facts["seconds"] += facts["seconds"]
        self.facts["answer_seconds"] += facts["answer_seconds"]
        self.facts["peak_bytes"] = max(self.facts["peak_bytes"], facts["peak_bytes"])

    def hear(self, fields):
        """The next line that is JSON, with these fields at least: libraries talk too."""
        until = time.monotonic() + PATIENCE
        streams = [self.process.stdout, self.process.stderr]
        while True:
            while b"\n" in self.said:
                line, self.said = self.said.split(b"\n", 1)
                if line.startswith(b"{"):
                    return self.read(line, fields)
            left = until - time.monotonic()
            ready = select.select(streams, [], [], max(left, 0))[0]
            if not ready:
                raise Failed(f"it did not answer in {PATIENCE} s")
            for stream in ready:
                read = os.read(stream.fileno(), 1 << 16)
                if stream is self.process.stderr:
                    self.errors = (self.errors + read)[-20000:]
                    if not read:
                        streams.remove(stream)
                elif read:
                    self.said += read
                else:
                    raise Failed(self.last_words())

    def read(self, line, fields):
        try:
            told = json.loads(line)
        except ValueError as error:
            raise Failed(f"it said what is no JSON: {error}") from error
        missing = [field for field in fields if field not in told]
        if missing:
            raise Failed(f"it did not tell {', '.join(missing)}")
        return told

    def last_words(self):
        try:
            _, rest = self.process.communicate(timeout=30)
            self.errors += rest or b""
        except (subprocess.TimeoutExpired, ValueError):
            pass
        lines = [line for line in self.errors.decode(errors="replace").splitlines() if line.strip()]
        code = self.process.poll()
        ending = f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return lines[-1].strip()[:300] if lines else ending

    def signal(self, number):
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def cpu_seconds(self):
        try:
            with open(f"/proc/{self.process.pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        # What it started ends with it.
        self.signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass


def end_with_parent():
    """A stopped process would wait for ever for a driver that was killed."""
    if sys.platform == "linux":
        death_signal = 1
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)


def busy_seconds():
    """Processor seconds that the machine has spent on anything."""
    try:
        with open("/proc/stat") as stat:
            user, nice, system, _idle, _wait, irq, softirq, *_ = [int(word) for word in stat.readline().split()[1:]]
    except OSError:
        return 0.0
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def read_seconds(path):
    """How long it takes to read a file to its end."""
    buffer = bytearray(1 << 20)
    began = time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return time.perf_counter() - began
