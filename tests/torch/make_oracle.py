"""make_oracle.py: writes tests/oracle: every case of cases.py with what PyTorch makes of it.

In:  cases.py and cases_nets.py; the seed of a case is made from its name.
Out: for each case (or those named), in the folder given (default tests/oracle)
     NAME.xml             the network
     NAME.w.safetensors   initial parameters, f32
     NAME.b.safetensors   x (f32) and y (i64 labels, f32 targets, or none)
     NAME.o.safetensors   what `step` must write (f64): loss, output, grad.*, and after 1 step
                          parameters and running statistics
     NAME.o5.safetensors  the same after 5 steps, where optimizer or running statistics matter
     NAME.e.safetensors   what `step --eval` must write, where it is not the same as in training
Idea: everything is computed in double from numbers that f32 holds exactly, so the files serve the
f32 trainer (1e-4) and the f64 one (1e-10) alike. Random numbers come from a generator written out
below, so they depend on no library's version. A draw that comes near a kink is thrown away.
"""
import math
import pathlib
import sys
import zlib
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import torch

import cases_nets    # noqa: F401, adds to CASES
from cases import CASES
from graph_net import GraphNet, evaluate, run
from kinks import Kinks
from reading import graph_of
from tensor_file import save

MARGIN = 3e-4       # of the nearest kink; f32 errors are a hundred times smaller
VISIBLE = 5e-3      # smallest relative change of a trained parameter in one step
NOISE = 1e-5        # largest relative error that PyTorch itself may make in f32


class Random:
    """SplitMix64; uniform numbers of 24 bits, which f32 holds exactly."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return z ^ (z >> 31)

    def tensor(self, shape, low, high):
        values = [low + (high - low) * (self.next() >> 40) / 2**24 for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.float64).reshape(shape).float().double()

    def whole(self, shape, low, high):
        values = [low + self.next() % (high - low + 1) for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.float64).reshape(shape)


def tag(name, attrs, end="/>"):
    return "<" + name + "".join(f" {k}={quoteattr(v)}" for k, v in attrs.items()) + end


def elements(layers, indent):
    """Lines of XML for a list of (element, attributes[, children])."""
    for element, attrs, *children in layers:
        if not children:
            yield indent + tag(element, attrs)
            continue
        yield indent + tag(element, attrs, ">")
        yield from elements(children[0], indent + "  ")
        yield f"{indent}</{element}>"


def xml_of(c):
    shape = c["shape"]
    keys = {"features": shape} if isinstance(shape, int) else dict(
        zip(("channels", "height", "width"), shape))
    train = {"epochs": "1", "batch_size": str(c["batch"])} | c["train"]
    lines = [tag("network", {"name": c["name"], "version": "1"}, ">"),
             f"  <description>{c['note']}</description>", *elements(c["head"], "  "),
             "  " + tag("input", {k: str(v) for k, v in keys.items()}), "  <layers>",
             *elements(c["layers"], "    "),
             "  </layers>", "  " + tag("loss", c["loss"]), '  <data format="synthetic"/>',
             "  " + tag("train", train, ">"), "    " + tag("optimizer", c["opt"]),
             "  </train>", "</network>", ""]
    return "\n".join(lines)


def value(c, rand, layer, name, dims):
    """About 1/sqrt(fan in), biases well away from 0; scales and variances around 1."""
    if c["name"] == "max_pool_ties" and name.startswith("conv"):
        return rand.whole(dims, -1, 1)
    norm, short = layer["kind"].endswith("_norm"), name.rsplit(".", 1)[1]
    if norm and short in ("weight", "running_var"):
        return rand.tensor(dims, 0.5, 1.5)
    bound = 0.5 if norm or len(dims) == 1 else 1.7 * c["gain"] / math.sqrt(math.prod(dims[1:]))
    return rand.tensor(dims, -bound, bound)


def draw(c, graph, attempt):
    """x, y (None where it is the input) and the initial parameters."""
    rand = Random(zlib.crc32(c["name"].encode()) * 2**20 + attempt)
    whole, shape = c["name"] == "max_pool_ties", (c["live"], *graph["input"])
    unit = (0, 1) if c["loss"]["type"] == "binary_cross_entropy" else (-1, 1)
    x = rand.whole(shape, 0, 2) if whole else rand.tensor(shape, *unit)
    start = {p["name"]: value(c, rand, layer, p["name"], p["shape"])
             for layer in graph["layers"] for p in layer["parameters"]}
    output = graph["output_shape"]
    if c["loss"].get("class_weights") == "balanced":
        graph["class_weight"] = rand.tensor(output, 0.5, 2)
    if c["loss"].get("target") == "input":
        return x, None, start
    if c["loss"]["type"] == "cross_entropy":
        return x, rand.whole((c["live"],), 0, math.prod(output) - 1).long(), start
    return x, rand.tensor((c["live"], *output), *c["targets"]), start


def compute(c, graph, x, y, start, kinks=None):
    """Everything that is stored; with kinks, they are looked for. Takes its type from `start`."""
    net = GraphNet(graph, x.dtype)
    net.load(start)
    results = {}
    if graph["statistics"]:
        results["e"] = evaluate(net, x, y)
    if kinks:
        net.watch = kinks.watch
        if c["loss"]["type"] in ("mae", "huber"):
            kinks.loss(c["loss"]["type"], net(x).detach() - y)
            net.load(start)
    look = kinks.rule if kinks else None
    for steps, tensors in run(net, x, y, c["steps"], look).items():
        results["o" if steps == 1 else f"o{steps}"] = tensors
    return results


def distance(expected, found):
    if not expected.any():
        return float("inf") if found.any() else 0
    return ((found.double() - expected).norm() / expected.norm()).item()


def noise(c, graph, x, y, start, results):
    """The worst error of the same run in f32: what a correct f32 program may be off by."""
    real = y.float() if y is not None and y.dtype == torch.float64 else y
    single = compute(c, graph, x.float(), real, {n: v.float() for n, v in start.items()})
    return max(distance(results[k][n], single[k][n]) for k in results for n in results[k])


def sharp(c, kinks, start, results):
    """Whether a wrong program would show: no kink near, every gradient and update is felt."""
    if c["name"] == "max_pool_ties":
        return kinks.margin == 0
    if kinks.margin < MARGIN or kinks.met != kinks.possible:
        return False
    for name, value in start.items():
        grad = results.get("o", {}).get(f"grad.{name}")
        if grad is None or c["dead"]:
            continue
        if distance(value, results["o"][name]) < VISIBLE or grad.norm() < 1e-3:
            return False
    return True


def write(c, folder):
    text = xml_of(c)
    graph = graph_of(ElementTree.fromstring(text))
    for attempt in range(3000):
        x, y, start = draw(c, graph, attempt)
        kinks = Kinks()
        results = compute(c, graph, x, y, start, kinks)
        if sharp(c, kinks, start, results):
            error = noise(c, graph, x, y, start, results)
            if error < NOISE:
                break
    else:
        sys.exit(f"{c['name']}: no draw has sharp expectations (see `sharp`); make the network"
                 " smaller or its steps larger")
    (folder / f"{c['name']}.xml").write_text(text)
    save(folder / f"{c['name']}.w.safetensors", {n: v.float() for n, v in start.items()})
    target = {} if y is None else {"y": y if y.dtype == torch.int64 else y.float()}
    if "class_weight" in graph:
        target["class_weight"] = graph["class_weight"].float()
    save(folder / f"{c['name']}.b.safetensors", {"x": x.float()} | target)
    for mark, tensors in results.items():
        save(folder / f"{c['name']}.{mark}.safetensors", tensors)
    print(f"{c['name']:26} draw {attempt:4}  nearest kink {kinks.margin:.1e}"
          f"  f32 noise {error:.1e}", flush=True)


def main():
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "oracle"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for c in CASES:
        if len(sys.argv) < 3 or c["name"] in sys.argv[2:]:
            write(c, folder)
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{len(CASES)} cases, {size / 1e6:.2f} MB, torch {torch.__version__}")


if __name__ == "__main__":
    main()
