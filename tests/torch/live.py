"""live.py: trainers against PyTorch, whole networks at a time.

    live.py [FILE.xml ...] [--random N] [--seed S] [--batch-size B] [--keep]

In:  networks (default models/*.xml) and N random ones (tests/net_gen.c); build/nncc or $NNCC.
Out: a line each: how far each build is from PyTorch, or every tensor that does not agree.
     The last line adds up. A network that fails leaves its files in build/torch/live/NAME.

Each network is compiled in float and in double (-fdouble). PyTorch builds it from `nncc
--emit-graph`, takes the same weights and batch, and must find the same loss, output, gradients, and
the same parameters and running statistics after 5 steps; the same after a step on a part of a
batch; the same loss and output with --eval. Dropout's rate becomes 0, since its random numbers are
nobody else's.

Two tensors agree when their distance in the Euclidean norm is at most 1e-4 (double: 1e-10) of the
expected one's norm, or 16 times the noise: how far PyTorch's own result moves, in the root of the
mean square of three runs, when it computes in the build's own type and every intermediate value,
forward and backward, is off by up to one unit in its last place (found only if the first does not
suffice). A difference counts when it shows on eight draws, one after the other: a wrong formula
shows on each, but where half a million rectifiers take part, one stands exactly between two
answers on every third.
"""
import argparse
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
from functools import partial
from xml.etree import ElementTree

import torch

from graph_net import GraphNet, evaluate, run
from tensor_file import load, save

NNCC = os.environ.get("NNCC", "build/nncc")
GENERATOR = os.environ.get("NET_GEN", "build/tests/net_gen")
FOLDER = pathlib.Path("build/torch/live")
BUILDS = {"float": ([], 1e-4, torch.float32), "double": (["-fdouble"], 1e-10, torch.float64)}
STEPS, DRAWS = 5, 8
NOISES, NOISE_RUNS = 16, 3


class Failed(Exception):
    """A program that must end well did not."""


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=1200,
                          check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[:4]
        raise Failed(f"{pathlib.Path(command[0]).name}: status {done.returncode}: "
                     + " | ".join(said))
    return done.stdout


# ---- what both compute on ---------------------------------------------------------------------

def draw(graph, live, seed):
    """x, y (None where it is the input) and parameters; numbers that f32 holds exactly."""
    rand = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(*shape, generator=rand)
    uniform = lambda *shape: torch.rand(*shape, generator=rand)
    values = {}
    for layer in graph["layers"]:
        for p in layer.get("parameters", []):
            name, shape, short = p["name"], p["shape"], p["name"].rsplit(".", 1)[1]
            if short == "running_var":
                values[name] = 0.5 + uniform(*shape)
            elif short != "weight":
                values[name] = 0.3 * normal(*shape)
            elif layer["kind"].endswith("_norm"):
                values[name] = 1 + 0.2 * normal(*shape)
            else:
                values[name] = 1.3 * normal(*shape) / math.sqrt(math.prod(shape[1:]))
    unit = graph["loss"]["type"] == "binary_cross_entropy"
    x = uniform(live, *graph["input"]) if unit else normal(live, *graph["input"])
    output = graph["layers"][-1]["shape"]
    if graph["loss"]["numbers"].get("class_weights"):
        graph["class_weight"] = 0.5 + 1.5 * uniform(math.prod(output))
    if graph["loss"]["target"] == "input":
        y = None
    elif graph["loss"]["type"] == "cross_entropy":
        y = torch.randint(math.prod(output), (live,), generator=rand)
    else:
        y = uniform(live, *output) if unit else normal(live, *output)
    return x, y, values


class Shaken:
    """Moves every value that is computed by up to one unit in the last place of `dtype`: each
    layer's output and the loss's gradient with respect to it, the probabilities inside the loss,
    and in each step the gradient and the last value of each parameter. What is computed inside a
    layer, such as the terms of a sum, moves because all arithmetic is done in `dtype`."""

    def __init__(self, graph, dtype, seed):
        self.graph, self.dtype, self.unit = graph, dtype, torch.finfo(dtype).eps
        self.rand = torch.Generator().manual_seed(seed)

    def share(self, x):
        return self.unit * (2 * torch.rand(x.shape, generator=self.rand, dtype=x.dtype) - 1)

    def moved(self, x):
        return x + self.share(x) * x

    def watch(self, layer, _inputs, output):
        probabilities = None
        if layer is self.graph["layers"][-1]:
            if self.graph["loss"]["type"] == "cross_entropy":
                probabilities = output.detach().flatten(1).softmax(1) / len(output)
            elif self.graph["loss"]["type"] == "binary_cross_entropy":
                probabilities = output.detach().sigmoid() / output.numel()
        return Moved.apply(output, self, probabilities)

    def rule(self, _net, opt):
        with torch.no_grad():
            for w in opt.felt():
                w.grad.copy_(self.moved(w.grad))
                w.copy_(self.moved(w))


class Moved(torch.autograd.Function):
    """A value on its way forward and its gradient on the way back, both moved. The gradient of the
    last one is a probability less a target, which may be much smaller than the probability."""

    @staticmethod
    def forward(ctx, x, shaken, probabilities):    # pylint: disable=arguments-differ
        ctx.shaken, ctx.probabilities = shaken, probabilities
        return shaken.moved(x)

    @staticmethod
    def backward(ctx, g):    # pylint: disable=arguments-differ
        p = ctx.probabilities
        if p is not None:
            g = g + (ctx.shaken.share(p) * p).reshape(g.shape)
        return ctx.shaken.moved(g), None, None


def expected(graph, x, y, values, what, shaken=None):
    """What PyTorch finds, in double or shaken: `what` is the number of steps, 0 an evaluation."""
    dtype = shaken.dtype if shaken else torch.float64
    net = GraphNet(graph, dtype)
    net.load(values)
    if shaken:
        net.watch = shaken.watch
    x, y = x.to(dtype), y if y is None or y.dtype == torch.int64 else y.to(dtype)
    if what == 0:
        return evaluate(net, x, y)
    return run(net, x, y, (what,), shaken.rule if shaken else None)[what]


def noise_of(reference, repeat, graph, dtype, seed):
    """How far each tensor moves when `repeat` is shaken: the root of the mean square."""
    squares = dict.fromkeys(reference, 0.0)
    for k in range(NOISE_RUNS):
        for name, t in repeat(Shaken(graph, dtype, seed + k)).items():
            squares[name] += (t.double() - reference[name]).norm().item() ** 2
    return {name: math.sqrt(s / NOISE_RUNS) for name, s in squares.items()}


# ---- one network ------------------------------------------------------------------------------

def differences(reference, find_noise, found, tolerance):
    """(messages, worst error as a share of what is allowed)"""
    said, worst, error, allowed = [], 0, {}, {}
    for name in sorted(reference.keys() ^ {n for n in found if n in reference or "grad." in n}):
        said.append(f"{name} is {'missing' if name in reference else 'not expected'}")
    for name in reference.keys() & found.keys():
        want, got = reference[name], found[name].double()
        if want.shape != got.shape:
            said.append(f"{name}: shape {list(got.shape)} instead of {list(want.shape)}")
            continue
        error[name], allowed[name] = (got - want).norm().item(), tolerance * want.norm().item()
    if not all(e <= allowed[name] for name, e in error.items()):
        noise = find_noise()
        allowed = {name: max(most, NOISES * noise[name]) for name, most in allowed.items()}
    for name, e in error.items():
        if not e <= allowed[name]:
            want, got = reference[name].flatten(), found[name].double().flatten()
            at = (got - want).abs().argmax()
            said.append(f"{name}: off by {e:.2e} of {want.norm():.2e}, allowed {allowed[name]:.2e};"
                        f" [{at}] is {got[at]:.9g} instead of {want[at]:.9g}")
        elif e > 0:
            worst = max(worst, e / allowed[name])
    return said, worst


def compare(folder, graph, live, what, seed):
    """All builds on one draw: (messages, {build: worst error})"""
    x, y, values = draw(graph, live, seed)
    save(folder / "w.safetensors", values)
    batch = {"x": x, "y": y, "class_weight": graph.get("class_weight")}
    save(folder / "b.safetensors", {name: t for name, t in batch.items() if t is not None})
    repeat = partial(expected, graph, x, y, values, what)
    reference = repeat()
    said, worst = [], {}
    for build, (_, tolerance, dtype) in BUILDS.items():
        find_noise = partial(noise_of, reference, repeat, graph, dtype, seed + 1)
        out = folder / f"{build}.out"
        how = ["--steps", what] if what else ["--eval"]
        call(folder / build, "step", "--weights", folder / "w.safetensors", "--batch",
             folder / "b.safetensors", "--out", out, *how)
        off, worst[build] = differences(reference, find_noise, load(out), tolerance)
        mode = f"{what} steps" if what else "--eval"
        said += [f"{build}, {mode}, {live} images: {line}" for line in off]
    return said, worst


def without_dropout(text):
    root = ElementTree.fromstring(text)
    for e in root.iter("dropout"):
        e.set("rate", "0")
    return ElementTree.tostring(root, encoding="unicode")


def check(name, text, size):
    """(messages, worst error of each build)"""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "net.xml").write_text(without_dropout(text))
    batch = ["--batch-size", size] if size else []
    graph = json.loads(call(NNCC, "--emit-graph", *batch, folder / "net.xml"))
    for build, (options, _, _) in BUILDS.items():
        call(NNCC, *options, *batch, "-o", folder / build, folder / "net.xml")
    part = max(1, graph["batch"] - 1)
    all_said, worst = [], dict.fromkeys(BUILDS, 0)
    for live, what in ((graph["batch"], STEPS), (part, 1), (part, 0)):
        for seed in range(DRAWS):
            said, errors = compare(folder, graph, live, what, 7919 * seed + live + what)
            if not said:
                break
        all_said += said
        worst = {b: max(worst[b], errors[b]) for b in BUILDS}
    return all_said, worst


def report(name, text, size, keep):
    try:
        said, worst = check(name, text, size)
    except (Failed, subprocess.TimeoutExpired) as e:
        said, worst = [str(e)], {}
    if not said:
        print(f"{name}: ok; " + ", ".join(f"{build} {100 * share:.2g} %"
                                          for build, share in worst.items())
              + " of what is allowed", flush=True)
        if not keep:
            shutil.rmtree(FOLDER / name)
        return True
    print(f"FAIL {name}: " + "\n    ".join(said[:12])
          + (f"\n    and {len(said) - 12} more" if len(said) > 12 else ""), flush=True)
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=3)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    files = args.files or ([] if args.random else sorted(pathlib.Path("models").glob("*.xml")))
    good = [report(f.stem, f.read_text(), args.batch_size, args.keep) for f in files]
    for seed in range(args.seed, args.seed + args.random):
        good.append(report(f"random{seed}", call(GENERATOR, "make", seed), 0, args.keep))
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
