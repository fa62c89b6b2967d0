"""make_oracle.py: writes tests/oracle: every case of cases.py with what PyTorch makes of it.

In:  cases.py; the seed of a case is made from its name.
Out: for each case, in the folder given (default tests/oracle)
     NAME.xml             the network
     NAME.w.safetensors   initial parameters, f32
     NAME.b.safetensors   x (f32) and y (i64 labels or f32 targets)
     NAME.o.safetensors   what `step` must write (f64): loss, output, grad.*, parameters after 1 step
     NAME.o5.safetensors  the same after 5 steps, where the optimizer is the point
Idea: everything is computed in double from numbers that f32 holds exactly, so the files serve the
f32 trainer (1e-4) and the f64 one (1e-10) alike. Random numbers come from a generator written out
below, so they depend on no library's version. A draw that comes near a kink is thrown away.
"""
import json
import math
import pathlib
import struct
import sys
import zlib
from xml.sax.saxutils import quoteattr

import torch

from cases import CASES
from reference import Net, run

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


def save(path, tensors):
    """The safetensors format: length of the header, header (JSON), data."""
    header, data = {}, b""
    for name in sorted(tensors):
        t = tensors[name]
        kind = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}[t.dtype]
        raw = t.contiguous().numpy().astype(t.numpy().dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": kind, "shape": list(t.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def tag(name, attrs, end="/>"):
    return "<" + name + "".join(f" {k}={quoteattr(v)}" for k, v in attrs.items()) + end


def xml_of(c):
    shape = c["shape"]
    keys = {"features": shape} if isinstance(shape, int) else dict(
        zip(("channels", "height", "width"), shape))
    lines = [tag("network", {"name": c["name"], "version": "1"}, ">"),
             f"  <description>{c['note']}</description>",
             "  " + tag("input", {k: str(v) for k, v in keys.items()}), "  <layers>"]
    lines += ["    " + tag(element, attrs) for element, attrs in c["layers"]]
    lines += ["  </layers>", "  " + tag("loss", {"type": c["loss"]}),
              '  <data format="synthetic"/>',
              "  " + tag("train", {"epochs": "1", "batch_size": str(c["batch"])}, ">"),
              "    " + tag("optimizer", c["opt"]), "  </train>", "</network>", ""]
    return "\n".join(lines)


def draw(c, rand):
    """Input, and a maker of parameters: about 1/sqrt(fan in), biases well away from 0."""
    whole = c["name"] == "max_pool_ties"
    shape = (c["shape"],) if isinstance(c["shape"], int) else c["shape"]
    x = rand.whole((c["live"], *shape), 0, 2) if whole else rand.tensor((c["live"], *shape), -1, 1)

    def make(name, dims):
        if whole and name.startswith("conv"):
            return rand.whole(dims, -1, 1)
        bound = 1.7 / math.sqrt(math.prod(dims[1:])) if len(dims) > 1 else 0.5
        return rand.tensor(dims, -bound, bound)

    return x, make


def compute(c, attempt):
    rand = Random(zlib.crc32(c["name"].encode()) * 2**20 + attempt)
    x, make = draw(c, rand)
    net = Net(c["layers"], make)
    output = net.forward(x)
    start = {n: v.clone() for n, v in net.params.items()}
    if c["loss"] == "mse":
        y = rand.tensor(output.shape, -1, 1)
    else:
        y = rand.whole((c["live"],), 0, output.shape[1] - 1).long()
    return net, x, y, start, run(net, c["loss"], c["opt"], x, y, c["steps"])


def distance(expected, found):
    return ((found.double() - expected).norm() / expected.norm()).item()


def noise(c, x, y, start, written):
    """The worst error of the same run in f32: what a correct f32 program may be off by."""
    net = Net(c["layers"], lambda name, _: start[name].float())
    real = y if y.dtype == torch.int64 else y.float()
    single = run(net, c["loss"], c["opt"], x.float(), real, c["steps"])
    return max(distance(written[k][n], single[k][n]) for k in written for n in written[k])


def sharp(c, net, start, written):
    """Whether a wrong program would show: no kink near, every gradient and update is felt."""
    if c["name"] != "max_pool_ties" and net.margin < MARGIN:
        return False
    for name in start.keys() - net.frozen:
        moved = distance(start[name], written[1][name])
        if moved < VISIBLE or written[1][f"grad.{name}"].norm() < 1e-3:
            return False
    if c["name"] == "max_pool_ties":
        return net.margin == 0
    return True


def write(c, folder):
    for attempt in range(3000):
        net, x, y, start, written = compute(c, attempt)
        if sharp(c, net, start, written) and noise(c, x, y, start, written) < NOISE:
            break
    else:
        sys.exit(f"{c['name']}: no draw has sharp expectations (see `sharp`); make the network"
                 " smaller or its steps larger")
    (folder / f"{c['name']}.xml").write_text(xml_of(c))
    save(folder / f"{c['name']}.w.safetensors", {n: v.float() for n, v in start.items()})
    save(folder / f"{c['name']}.b.safetensors",
         {"x": x.float(), "y": y if y.dtype == torch.int64 else y.float()})
    for steps, tensors in written.items():
        mark = "o" if steps == 1 else f"o{steps}"
        save(folder / f"{c['name']}.{mark}.safetensors", tensors)
    error = noise(c, x, y, start, written)
    print(f"{c['name']:26} draw {attempt:4}  nearest kink {net.margin:.1e}  f32 noise {error:.1e}")


def main():
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "oracle"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for c in CASES:
        write(c, folder)
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{len(CASES)} cases, {size / 1e6:.2f} MB, torch {torch.__version__}")


if __name__ == "__main__":
    main()
