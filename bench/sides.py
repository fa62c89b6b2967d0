"""sides.py: nncc's trainer and its peers, as things that run K steps and say how long one took.

In:  a Net (nets.py) and a number of threads
Out: Trainer and Peer with run(K) -> milliseconds a step, the median of K; `least` keeps the
     smallest time of a step that was ever seen
     FAMILIES: for each peer the commands it can be started with; the fastest of them counts

A peer is a process that stays: it takes the weights and the batch, says the loss of its first step,
then answers lines "run K". Whatever it cannot do ends it with a reason on standard error.
"""
import json
import math
import os
import pathlib
import signal
import subprocess
import threading

from nets import Failed, call

PYTHON = pathlib.Path("build/venv/bin/python")
ONEDNN = pathlib.Path("build/bench/onednn")
PATIENCE = 900    # seconds for a first step (torch.compile takes minutes) or an answer


def onednn(how):
    return lambda threads: [ONEDNN, "--conv", how]


def torch(how):
    return lambda threads: [PYTHON, "-B", "bench/torch_peer.py", "--how", how, "--threads", threads]


def jax(threads):
    return [PYTHON, "-B", "bench/jax_peer.py"]


FAMILIES = {
    "onednn": {"onednn direct": onednn("direct"), "onednn auto": onednn("auto")},
    "torch": {f"torch {how}": torch(how) for how in ("nchw", "nhwc", "compile")},
    "jax": {"jax": jax},
}
TOLERANCE = 1e-4    # relative, of the first loss


class Trainer:
    """nncc's side; each sample is a process of its own, which warms up before it measures."""
    name = "nncc"

    def __init__(self, net, threads):
        self.command = [net.trainer, "bench", "--json", "-j", threads, "--steps"]
        self.first, self.least = [], math.inf

    def report(self, steps, *more):
        return json.loads(call(*self.command, steps, *more)[0])

    def run(self, steps):
        said = self.report(steps)
        self.first.append(said["ms_first"])
        self.least = min(self.least, said["ms_min"])
        return said["ms_median"]


class Peer:
    def __init__(self, name, command, net, threads):
        self.name, self.least = name, math.inf
        files = ["--graph", net.folder / "graph.json", "--weights", net.folder / "weights",
                 "--batch", net.folder / "batch"]
        self.errors = open(net.folder / "errors", "w+", encoding="utf-8")
        # One thread means one processor: not every library takes the environment's word for it.
        only = {min(os.sched_getaffinity(0))} if threads == 1 else os.sched_getaffinity(0)
        self.process = subprocess.Popen(
            [str(c) for c in command(threads) + files], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
            preexec_fn=lambda: os.sched_setaffinity(0, only))
        try:
            hello = self.answer()
            self.version = hello.get("version", "")
            if abs(hello["loss"] - net.loss) > TOLERANCE * abs(net.loss):
                raise Failed(f"loss {hello['loss']:.6g} instead of {net.loss:.6g}")
        except Failed:
            self.close()
            raise

    def answer(self):
        clock = threading.Timer(PATIENCE, self.process.send_signal, (signal.SIGKILL,))
        clock.start()
        line = self.process.stdout.readline()
        clock.cancel()
        if not line:
            status = self.process.wait()
            self.errors.seek(0)
            said = self.errors.read().strip().splitlines()
            raise Failed(f"status {status}: {said[-1] if said else 'nothing said'}")
        return json.loads(line)

    def run(self, steps):
        try:
            self.process.stdin.write(f"run {steps}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass                                        # the answer says why
        said = self.answer()
        self.least = min(self.least, said["ms_min"])
        return said["ms_median"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def installed(family):
    """Why a family cannot be asked at all, or None."""
    if family == "onednn":
        return None if ONEDNN.exists() else f"no {ONEDNN}: make {ONEDNN}"
    if not PYTHON.exists():
        return f"no {PYTHON}; bench/README.md says how to install it"
    return None
