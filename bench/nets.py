"""nets.py: the networks of the suite, compiled, with weights and a batch that all sides take.

In:  names of the suite (SUITE, GROUPS)
Out: prepare() gives a Net: trainer, graph, weights and batch in build/bench/nets, the loss that
     the trainer's `step` finds in the first step, and what compiling took

Dropout is taken out, since random numbers are nobody else's; nothing else of models/ is changed.
Random numbers are signs times [1,2) times a power of two: bits, so that millions of them need no
library. Only the standard library is used.
"""
import dataclasses
import json
import math
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import time
from xml.etree import ElementTree

NNCC = os.environ.get("NNCC", "build/nncc")
FOLDER = pathlib.Path("build/bench/nets")
CLIFF = (16, 32, 64, 128, 256, 512)
BATCH = {"mlp": 128, "lenet5": 64, "autoencoder": 64, "resnet20": 128, "vgg11_bn": 64,
         "mobilenet_v1": 16, "resnet18": 16, "resnet50": 8}
SUITE = [f"cliff{w}" for w in CLIFF] + list(BATCH)
GROUPS = {"cliff": SUITE[:len(CLIFF)], "all": [*SUITE, "accuracy"],
          "quick": SUITE[:len(CLIFF)] + ["mlp", "lenet5", "autoencoder", "resnet20"]}


class Failed(Exception):
    """What could not be done, and why, in one line."""


def call(*command):
    """Standard output and error of a program that must end well."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or "nothing said").splitlines()[0]
        raise Failed(f"{pathlib.Path(str(command[0])).name}: status {done.returncode}: {said}")
    return done.stdout, done.stderr


# ---- safetensors: the length of a header, the header as JSON, then the numbers ------------------

def save(path, tensors):
    """tensors: {name: (type, shape, bytes)}"""
    header, at = {}, 0
    for name, (kind, shape, raw) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(raw)]}
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, _, raw in tensors.values():
            out.write(raw)


def read_number(path, name):
    """The first number of a tensor in f32."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length))[name]
        file.seek(8 + length + entry["data_offsets"][0])
        return struct.unpack("<f", file.read(4))[0]


# ---- drawing ------------------------------------------------------------------------------------

def signed(rand, count, scale):
    """`count` f32 of either sign with absolute values from 2^e to 2^(e+1): about as many as a
    normal law of standard deviation `scale` would give, to a factor of 1.5."""
    exponent = 127 + round(math.log2(scale / math.sqrt(7 / 3)))
    bits = int.from_bytes(rand.randbytes(4 * count), "little")
    mask = int.from_bytes(struct.pack("<I", 0x807FFFFF) * count, "little")
    power = int.from_bytes(struct.pack("<I", exponent << 23) * count, "little")
    return (bits & mask | power).to_bytes(4 * count, "little")


def same(count, value):
    return struct.pack("<f", value) * count


def draw(graph, folder):
    rand = random.Random(1)
    weights = {}
    for layer in graph["layers"]:
        for p in layer.get("parameters", []):
            shape, short = p["shape"], p["name"].rsplit(".", 1)[1]
            count = math.prod(shape)
            if len(shape) > 1:
                raw = signed(rand, count, math.sqrt(2 / math.prod(shape[1:])))
            else:
                raw = same(count, 1.0 if short in ("weight", "running_var") else 0.0)
            weights[p["name"]] = ("F32", shape, raw)
    save(folder / "weights", weights)
    shape = [graph["batch"], *graph["input"]]
    batch = {"x": ("F32", shape, signed(rand, math.prod(shape), 1))}
    if graph["classes"]:
        labels = [rand.randrange(graph["classes"]) for _ in range(graph["batch"])]
        batch["y"] = ("I64", [graph["batch"]], struct.pack(f"<{graph['batch']}q", *labels))
    elif graph["loss"]["target"] == "input":
        # An auto-encoder's pictures are numbers from 0 to 1.
        kind, shape, raw = batch["x"]
        clear = int.from_bytes(struct.pack("<I", 0x7FFFFFFF) * (len(raw) // 4), "little")
        bits = int.from_bytes(signed(rand, len(raw) // 4, 0.75), "little") & clear
        batch["x"] = (kind, shape, bits.to_bytes(len(raw), "little"))
    save(folder / "batch", batch)


# ---- preparing ----------------------------------------------------------------------------------

@dataclasses.dataclass
class Net:
    name: str                 # of the suite
    folder: pathlib.Path      # holds net.xml, graph.json, weights, batch and the trainer
    trainer: pathlib.Path     # what nncc made
    loss: float = 0           # of the first step, by the trainer
    facts: dict = dataclasses.field(default_factory=dict)    # compile_s, predicted_mb, ...


def source(name):
    """(XML without dropout, options for nncc)"""
    cliff = re.fullmatch(r"cliff(\d+)", name)
    path = pathlib.Path("bench/cliff.xml" if cliff else f"models/{name}.xml")
    root = ElementTree.parse(path).getroot()
    for parent in list(root.iter()):
        for child in parent.findall("dropout"):
            parent.remove(child)
    options = ["-D", f"width={cliff[1]}"] if cliff else []
    return ElementTree.tostring(root, encoding="unicode"), options


def peak_mb(*command):
    """Largest resident memory of a program, in MB: the mark that the kernel keeps, read while it
    runs, because what wait4 tells begins with the memory of whoever started it."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{child.pid}/status").read_text(encoding="ascii")
            except OSError:
                break
            found = re.search(r"VmHWM:\s*(\d+) kB", status)
            most = int(found[1]) if found else most
            time.sleep(0.002)
    return most * 1024 / 1e6


def write_idx(folder, count, shape):
    """Random pictures and labels under Fashion-MNIST's names."""
    rand = random.Random(2)
    for part in ("train", "t10k"):
        head = struct.pack(">4I", 2051, count, *shape[-2:])
        (folder / f"{part}-images-idx3-ubyte").write_bytes(
            head + rand.randbytes(count * math.prod(shape)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2I", 2049, count) + bytes(rand.randrange(10) for _ in range(count)))


def training_mb(net, text, graph):
    """Largest resident memory of a training, in MB, less the data: a byte a value and 4 a label.
    Synthetic data are 16 batches to train on and 4 to validate; files are made as large."""
    count = 20 * graph["batch"]
    data = net.folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    command = [net.trainer, "train", "--epochs", "1", "--out", data / "run"]
    if ElementTree.fromstring(text).find("data").get("format") == "idx":
        write_idx(data, count, graph["input"])
        command += ["--data", data]
    most = peak_mb(*command)
    shutil.rmtree(data)
    return most - count * (math.prod(graph["input"]) + 4) / 1e6


def prepare(name, options):
    if name not in SUITE:
        raise Failed(f"no network '{name}'; the suite has {' '.join(SUITE)} and the groups "
                     + " ".join(GROUPS))
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    text, more = source(name)
    (folder / "net.xml").write_text(text)
    net = Net(name, folder, folder / "trainer")
    how = [*options, *more, "--batch-size", BATCH.get(name, 128)]
    start = time.perf_counter()
    _, said = call(NNCC, *how, "-o", net.trainer, folder / "net.xml")
    net.facts["compile_s"] = time.perf_counter() - start
    memory = re.search(r"([\d.]+) (kB|MB|GB) of memory", said)
    if memory:
        net.facts["predicted_mb"] = float(memory[1]) * {"kB": 1e-3, "MB": 1, "GB": 1e3}[memory[2]]
    net.facts["binary_kb"] = net.trainer.stat().st_size / 1e3
    graph, _ = call(NNCC, *how, "--emit-graph", folder / "net.xml")
    (folder / "graph.json").write_text(graph)
    draw(json.loads(graph), folder)
    call(net.trainer, "step", "--weights", folder / "weights", "--batch", folder / "batch",
         "--out", folder / "out")
    net.loss = read_number(folder / "out", "loss")
    (folder / "out").unlink()
    net.facts["peak_mb"] = training_mb(net, text, json.loads(graph))
    return net
