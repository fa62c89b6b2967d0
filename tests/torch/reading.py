"""reading.py: a network's XML read by the book, without nncc.

In:  the XML, as an ElementTree element.
Out: the graph that graph_net.py runs, with the fields of `nncc --emit-graph` that it needs.
Idea: an independent reading of the format, for the stored oracle: names, scopes, defaults, padding,
blocks, shortcuts. Shapes come from PyTorch: each layer is run on tensors without values.
"""
import math
import re
from xml.etree.ElementTree import Element

import torch

from graph_net import LAYERS, numbers_of

BARE = Element("bare")    # nothing but defaults
NORMS = "batch_norm", "layer_norm", "group_norm"
RULES = {    # the numbers of each optimizer, with their defaults
    "sgd": {"lr": 0.01, "momentum": 0, "nesterov": 0},
    "rmsprop": {"lr": 0.01, "momentum": 0, "decay": 0.99, "eps": 1e-8},
    "adagrad": {"lr": 0.01, "eps": 1e-10},
    "adam": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "adamw": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "lion": {"lr": 0.0001, "beta1": 0.9, "beta2": 0.99},
}


def number(text):
    return {"true": 1.0, "false": 0.0}.get(text) if text in ("true", "false") else float(text)


def same(size, kernel, stride, dilation):
    """TensorFlow's padding: ceil(size / stride) windows, the odd cell at the end."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


class Scope:
    def __init__(self, path):
        self.path, self.count, self.out, self.shortcuts = path, {}, {}, 0


class Reader:
    def __init__(self, root):
        self.root, self.layers, self.scope = root, [], Scope("")
        self.values, self.trainable = {}, True
        for param in root.findall("param"):
            self.values[param.get("name")] = float(param.get("value"))
        self.params = dict(self.values)
        size = root.find("input").attrib
        keys = ("features",) if "features" in size else ("channels", "height", "width")
        self.shape = {"": tuple(int(self.text(size[k])) for k in keys)}

    def text(self, text):
        """An attribute with its {expressions} replaced by their values."""
        def value(match):
            return f"{eval(match[1], {}, self.values):.17g}"
        return re.sub(r"\{([^}]*)\}", value, text)

    def get(self, e, name, default=None):
        return self.text(e.get(name)) if name in e.attrib else default

    def pair(self, e, name, default=None):
        parts = [int(p) for p in self.get(e, name, default).split(",")]
        return parts * 2 if len(parts) == 1 else parts

    # ---- the numbers and parameters of one layer ------------------------------------------

    def window(self, e, size, stride, dilated, grows=False):
        n = {}
        n["kh"], n["kw"] = self.pair(e, "kernel_size")
        n["sh"], n["sw"] = self.pair(e, "stride", stride)
        n["dh"], n["dw"] = self.pair(e, "dilation", "1") if dilated else (1, 1)
        padding = self.get(e, "padding", "0")
        if padding == "same" and grows:    # the window of which this one is the gradient
            size = 0, size[1] * n["sh"], size[2] * n["sw"]
        if padding == "same":
            n["pt"], n["pb"] = same(size[1], n["kh"], n["sh"], n["dh"])
            n["pl"], n["pr"] = same(size[2], n["kw"], n["sw"], n["dw"])
            return n
        parts = [int(p) for p in padding.replace("valid", "0").split(",")]
        n["pt"], n["pb"], n["pl"], n["pr"] = {
            1: parts * 4, 2: [p for p in parts for _ in (0, 1)], 4: parts}[len(parts)]
        return n

    def numbers(self, kind, e, size):
        if kind in ("max_pool", "avg_pool"):
            return self.window(e, size, self.get(e, "kernel_size"), False)
        if kind in ("conv", "depthwise_conv", "conv_transpose"):
            grows = kind == "conv_transpose"
            n = self.window(e, size, "1", not grows, grows)
            n["oh"], n["ow"] = self.pair(e, "output_padding", "0")
            return n | {"groups": int(self.get(e, "groups", "1"))}
        wanted = {
            "batch_norm": {"eps": "1e-5", "momentum": "0.1", "affine": "true"},
            "layer_norm": {"eps": "1e-5"}, "group_norm": {"eps": "1e-5", "groups": None},
            "dropout": {"rate": None}, "leaky_relu": {"alpha": "0.01"}, "elu": {"alpha": "1"},
            "reshape": {"channels": None, "height": None, "width": None},
            "upsample": {"scale": "2"},
        }.get(kind, {})
        n = {name: number(self.get(e, name, default)) for name, default in wanted.items()}
        if kind == "upsample":
            n["mode"] = int(self.get(e, "mode", "nearest") == "bilinear")
        return n

    def parameters(self, kind, e, n, size, bias):
        """(short name, shape) of each."""
        if kind == "dense":
            units = int(self.get(e, "units"))
            found = [("weight", [units, math.prod(size)]), ("bias", [units])]
        elif kind == "conv":
            filters, group = int(self.get(e, "filters")), size[0] // n["groups"]
            found = [("weight", [filters, group, n["kh"], n["kw"]]), ("bias", [filters])]
        elif kind == "depthwise_conv":
            filters = size[0] * int(self.get(e, "multiplier", "1"))
            found = [("weight", [filters, 1, n["kh"], n["kw"]]), ("bias", [filters])]
        elif kind == "conv_transpose":
            filters = int(self.get(e, "filters"))
            found = [("weight", [size[0], filters, n["kh"], n["kw"]]), ("bias", [filters])]
        elif kind in NORMS:
            shape = list(size) if kind == "layer_norm" else [size[0]]
            found = [("weight", shape), ("bias", shape)] if n.get("affine", 1) else []
            if kind == "batch_norm":
                found += [("running_mean", shape), ("running_var", shape)]
            return found
        else:
            return []
        return found if bias else found[:1]

    # ---- wiring ---------------------------------------------------------------------------

    def name(self, e, stem, counted):
        count = self.scope.count
        count[counted] = count.get(counted, 0) + 1
        return self.get(e, "name", f"{stem}{count[counted]}")

    def inputs(self, e, current):
        return [self.scope.out[n] for n in e.get("from").split()] if "from" in e.attrib else [
            current]

    def append(self, kind, name, inputs, numbers, parameters):
        layer = {"name": name, "kind": kind, "inputs": inputs, "numbers": numbers,
                 "parameters": [{"name": f"{name}.{s}", "shape": d} for s, d in parameters],
                 "trainable": self.trainable}
        p = {s: torch.empty(d, device="meta") for s, d in parameters}
        xs = [torch.empty((2, *self.shape[i]), device="meta") for i in inputs]
        self.shape[name] = tuple(LAYERS[kind](numbers_of(layer), p, *xs).shape[1:])
        self.layers.append(layer)
        return name

    def activated(self, e, name, current):
        kind = self.get(e, "activation", "none")
        if kind == "none":
            return current
        return self.append(kind, f"{name}.{kind}", [current], self.numbers(kind, BARE, None), [])

    def layer(self, e, following, current):
        name, kind = self.name(e, e.tag, e.tag), e.get("type", e.tag)
        inputs = self.inputs(e, current)
        size = self.shape[inputs[0]]
        feeds = following is not None and following.tag == "batch_norm" and \
            following.get("from", name) == name and e.get("activation", "none") == "none"
        bias = {"true": True, "false": False, "auto": not feeds}[self.get(e, "bias", "auto")]
        numbers = self.numbers(kind, e, size)
        outer, self.trainable = self.trainable, self.trainable and e.get("trainable") != "false"
        made = self.append(kind, self.scope.path + name, inputs, numbers,
                           self.parameters(kind, e, numbers, size, bias))
        self.trainable = outer
        current = self.activated(e, self.scope.path + name, made)
        self.scope.out[name] = current
        return current

    # ---- containers -----------------------------------------------------------------------

    def sequence(self, elements, current):
        elements = [e for e in elements if isinstance(e.tag, str) and e.tag != "arg"]
        for e, following in zip(elements, elements[1:] + [None]):
            inner = getattr(self, "read_" + e.tag, None)
            current = inner(e, current) if inner else self.layer(e, following, current)
        return current

    def inside(self, e, scope, work):
        """work() in another scope; what the container says of `trainable` holds inside."""
        outer = self.scope, self.trainable
        self.scope = scope or self.scope
        self.trainable = self.trainable and e.get("trainable") != "false"
        result = work()
        self.scope, self.trainable = outer
        return result

    def scope_of(self, e):
        return Scope(f"{self.scope.path}{e.get('name')}.") if "name" in e.attrib else None

    def copies(self, e, name, body, current, values):
        outer, times = self.values, int(self.get(e, "times", "1"))
        for i in range(times):
            own = f"{name}.{i}." if "times" in e.attrib else f"{name}."
            self.values = values
            current = self.inside(e, Scope(self.scope.path + own),
                                  lambda: self.sequence(body, current))
            self.values = outer
        self.scope.out[name] = current
        return current

    def read_repeat(self, e, current):
        name = self.name(e, "repeat", "repeat")
        return self.copies(e, name, e, self.inputs(e, current)[0], self.values)

    def read_use(self, e, current):
        block = next(b for b in self.root.findall("block") if b.get("name") == e.get("block"))
        name = self.name(e, e.get("block"), "use " + e.get("block"))
        values, caller = dict(self.params), self.values
        for arg in block.findall("arg"):
            given = arg.get("name") in e.attrib
            self.values = caller if given else self.params
            text = e.get(arg.get("name")) if given else arg.get("default")
            values[arg.get("name")] = float(self.text(text))
        self.values = caller
        return self.copies(e, name, block, self.inputs(e, current)[0], values)

    def projection(self, start, end):
        """The shortcut's own layers: a convolution or a dense layer, then batch_norm."""
        self.scope.shortcuts += 1
        name, size, to = f"{self.scope.path}shortcut{self.scope.shortcuts}", *(
            self.shape[i] for i in (start, end))
        if len(to) == 3:
            stride = [next(s for s in range(1, a + 1) if (a - 1) // s + 1 == b)
                      for a, b in zip(size[1:], to[1:])]
            numbers = dict(kh=1, kw=1, sh=stride[0], sw=stride[1], pt=0, pb=0, pl=0, pr=0, dh=1,
                           dw=1, groups=1)
            made = self.append("conv", name, [start], numbers, [("weight", [to[0], size[0], 1, 1])])
        else:
            made = self.append("dense", name, [start], {}, [("weight", [to[0], math.prod(size)])])
        numbers = self.numbers("batch_norm", BARE, to)
        return self.append("batch_norm", name + "_norm", [made], numbers,
                           self.parameters("batch_norm", BARE, numbers, to, True))

    def read_residual(self, e, current):
        name, start = self.name(e, "residual", "residual"), self.inputs(e, current)[0]

        def body():
            end, kind = self.sequence(e, start), self.get(e, "shortcut", "auto")
            project = kind == "project" or kind == "auto" and self.shape[start] != self.shape[end]
            return [end, self.projection(start, end) if project else start]

        branches = self.inside(e, self.scope_of(e), body)
        path = self.scope.path + name
        current = self.activated(e, path, self.append("add", path + ".add", branches, {}, []))
        self.scope.out[name] = current
        return current

    def read_parallel(self, e, current):
        name, start = self.name(e, "parallel", "parallel"), self.inputs(e, current)[0]

        def paths():
            return [self.inside(p, self.scope_of(p), lambda p=p: self.sequence(p, start))
                    for p in e.findall("path")]

        branches = self.inside(e, self.scope_of(e), paths)
        join, path = self.get(e, "join", "concat"), self.scope.path + name
        current = self.activated(e, path, self.append(join, f"{path}.{join}", branches, {}, []))
        self.scope.out[name] = current
        return current


def graph_of(root):
    reader = Reader(root)
    output = reader.sequence(root.find("layers"), "")
    loss, train = root.find("loss"), root.find("train")
    rule = train.find("optimizer")
    kind = rule.get("type")
    numbers = RULES[kind] | {"weight_decay": 0, "l1": 0}
    numbers = {n: number(reader.get(rule, n, str(v))) for n, v in numbers.items()}
    numbers["grad_clip"] = float(reader.get(train, "grad_clip", "0"))
    if loss.get("type") == "cross_entropy" and reader.layers[-1]["kind"] == "softmax":
        output = reader.layers.pop()["inputs"][0]
    statistics = any(n["kind"] in ("batch_norm", "dropout") for n in reader.layers)
    return {
        "output_shape": list(reader.shape[output]), "statistics": statistics,
        "name": root.get("name"), "input": list(reader.shape[""]), "layers": reader.layers,
        "loss": {"type": loss.get("type"), "target": loss.get("target", "label"),
                 "numbers": {"label_smoothing": float(loss.get("label_smoothing", "0"))}},
        "optimizer": {"type": kind, "numbers": numbers},
    }
