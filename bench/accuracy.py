"""accuracy.py: how long from exec to a validation accuracy on Fashion-MNIST, data loading included.

In:  the network as it stands in models/ (dropout included), the data of dataset-fashion-mnist
Out: for nncc's trainer and PyTorch: epochs, the accuracy reached, seconds of wall clock

The trainer's log is watched: the first epoch that reaches the goal ends the run.
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time

import nets
from nets import Failed, call
from sides import PYTHON

NET, GOAL, EPOCHS = "lenet5", 0.88, 24
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")


def first_epoch(log):
    """The first line of a log that reaches the goal, or None."""
    if not log.exists():
        return None
    for text in log.read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        if row["val_accuracy"] >= GOAL:
            return row
    return None


def ours(trainer, folder, threads):
    shutil.rmtree(folder, ignore_errors=True)
    start, found = time.perf_counter(), None
    with subprocess.Popen([trainer, "train", "--out", folder, "--log", "jsonl", "-q", "-j",
                           str(threads)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as child:
        while child.poll() is None and not found:
            time.sleep(0.01)
            found = first_epoch(folder / "log.jsonl")
        seconds = time.perf_counter() - start
        child.send_signal(signal.SIGINT)
    found = found or first_epoch(folder / "log.jsonl")
    if not found:
        raise Failed(f"{NET} did not reach {GOAL}")
    return {"threads": threads, "epochs": found["epoch"], "accuracy": found["val_accuracy"],
            "seconds": seconds}


def torch(graph, mean, std, threads):
    start = time.perf_counter()
    said, _ = call(PYTHON, "-B", "bench/torch_train.py", "--graph", graph, "--data", DATA,
                   "--epochs", EPOCHS, "--goal", GOAL, "--threads", threads, "--mean", mean,
                   "--std", std)
    found = json.loads(said)
    if found["accuracy"] < GOAL:
        raise Failed(f"PyTorch did not reach {GOAL}")
    return found | {"threads": threads, "seconds": time.perf_counter() - start}


def measure(options, threads, peers):
    folder = nets.FOLDER / "accuracy"
    folder.mkdir(parents=True, exist_ok=True)
    model = pathlib.Path(f"models/{NET}.xml")
    call(nets.NNCC, *options, "-o", folder / "trainer", model)
    (folder / "graph.json").write_text(call(nets.NNCC, "--emit-graph", model)[0])
    mean, std = re.search(r'<normalize mean="([\d.]+)" std="([\d.]+)"', model.read_text()).groups()
    sides = {}
    for t in threads:
        sides[f"nncc, {t}"] = ours(folder / "trainer", folder / "run", t)
        if "torch" in peers and PYTHON.exists():
            sides[f"torch, {t}"] = torch(folder / "graph.json", mean, std, t)
    return {"net": NET, "goal": GOAL, "sides": sides}
