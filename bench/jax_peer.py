"""jax_peer.py: a network's training step in JAX, compiled as a whole, images as NHWC.

    jax_peer.py --graph G --weights W --batch B

In, out and commands are those of torch_peer.py; the number of threads follows from the processors
that the process may use. Forward, gradient and optimizer are one jit with donated buffers. Layers,
losses and optimizers that are not in the tables below end it with status 3 and the reason.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import struct
import sys
import time

START = time.perf_counter()
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax                      # noqa: E402
import jax.numpy as jnp         # noqa: E402
import numpy as np              # noqa: E402
from jax import lax             # noqa: E402

TYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64}
IMAGE = ("NHWC", "HWIO", "NHWC")


def load(path):
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8:8 + length])
    header.pop("__metadata__", None)
    return {name: np.frombuffer(raw, TYPES[e["dtype"]], math.prod(e["shape"]),
                                8 + length + e["data_offsets"][0]).reshape(e["shape"])
            for name, e in header.items()}


# ---- layers: n holds the numbers, p the parameters by short name; a second result are statistics -

def whole(n, *names):
    return tuple(int(n[name]) for name in names)


def sides(n):
    pt, pb, pl, pr = whole(n, "pt", "pb", "pl", "pr")
    return (pt, pb), (pl, pr)


def plus_bias(p, y):
    return y + p["bias"] if "bias" in p else y


def conv(n, p, x, groups=None):
    groups = groups or int(n["groups"])
    y = lax.conv_general_dilated(x, p["weight"], whole(n, "sh", "sw"), sides(n),
                                 rhs_dilation=whole(n, "dh", "dw"), dimension_numbers=IMAGE,
                                 feature_group_count=groups)
    return plus_bias(p, y)


def conv_transpose(n, p, x):
    (pt, pb), (pl, pr) = sides(n)
    kh, kw, oh, ow = whole(n, "kh", "kw", "oh", "ow")
    y = lax.conv_general_dilated(
        x, p["weight"][::-1, ::-1], (1, 1),
        ((kh - 1 - pt, kh - 1 - pb + oh), (kw - 1 - pl, kw - 1 - pr + ow)),
        lhs_dilation=whole(n, "sh", "sw"), dimension_numbers=IMAGE)
    return plus_bias(p, y)


def rows(x):
    """Features in C, H, W order, as the weights of a dense layer expect them."""
    return x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1) if x.ndim == 4 else x


def dense(n, p, x):
    return plus_bias(p, rows(x) @ p["weight"])


def pool(n, x, start, join):
    kh, kw, sh, sw = whole(n, "kh", "kw", "sh", "sw")
    return lax.reduce_window(x, start, join, (1, kh, kw, 1), (1, sh, sw, 1),
                             ((0, 0), *sides(n), (0, 0)))


def avg_pool(n, _p, x):
    return pool(n, x, 0.0, lax.add) / pool(n, jnp.ones_like(x[:1, :, :, :1]), 0.0, lax.add)


def batch_norm(n, p, x):
    axes = tuple(range(x.ndim - 1))
    mean, var = x.mean(axes), x.var(axes)
    count, share = x.size / x.shape[-1], n["momentum"]
    moved = {"running_mean": p["running_mean"] + share * (mean - p["running_mean"])}
    moved["running_var"] = p["running_var"] + share * (var * count / max(1, count - 1)
                                                       - p["running_var"])
    y = (x - mean) * lax.rsqrt(var + n["eps"])
    return (y * p["weight"] + p["bias"] if "weight" in p else y), moved


def reshape(n, _p, x):
    return rows(x).reshape(-1, *whole(n, "channels", "height", "width")).transpose(0, 2, 3, 1)


def upsample(n, _p, x):
    if n["mode"] == 0:
        return x.repeat(int(n["scale"]), 1).repeat(int(n["scale"]), 2)
    shape = (x.shape[0], x.shape[1] * int(n["scale"]), x.shape[2] * int(n["scale"]), x.shape[3])
    return jax.image.resize(x, shape, "linear")


def product(_n, _p, first, *others):
    for x in others:
        first = first * x
    return first


LAYERS = {
    "conv": conv, "depthwise_conv": lambda n, p, x: conv(n, p, x, x.shape[-1]),
    "conv_transpose": conv_transpose, "dense": dense,
    "max_pool": lambda n, p, x: pool(n, x, -jnp.inf, lax.max), "avg_pool": avg_pool,
    "global_avg_pool": lambda n, p, x: x.mean((1, 2), keepdims=True),
    "global_max_pool": lambda n, p, x: x.max((1, 2), keepdims=True),
    "flatten": lambda n, p, x: rows(x), "reshape": reshape, "upsample": upsample,
    "batch_norm": batch_norm, "multiply": product,
    "add": lambda n, p, *xs: sum(xs[1:], xs[0]),
    "concat": lambda n, p, *xs: jnp.concatenate(xs, -1),
    "relu": lambda n, p, x: jax.nn.relu(x), "relu6": lambda n, p, x: jax.nn.relu6(x),
    "leaky_relu": lambda n, p, x: jax.nn.leaky_relu(x, n["alpha"]),
    "elu": lambda n, p, x: jax.nn.elu(x, n["alpha"]),
    "sigmoid": lambda n, p, x: jax.nn.sigmoid(x), "tanh": lambda n, p, x: jnp.tanh(x),
    "softplus": lambda n, p, x: jax.nn.softplus(x), "silu": lambda n, p, x: jax.nn.silu(x),
    "gelu": lambda n, p, x: jax.nn.gelu(x, approximate=False),
    "hard_swish": lambda n, p, x: jax.nn.hard_swish(x),
    "hard_sigmoid": lambda n, p, x: jax.nn.hard_sigmoid(x),
    "softmax": lambda n, p, x: jax.nn.softmax(x, -1),
}


# ---- loss and optimizer -------------------------------------------------------------------------

def cross_entropy(numbers, output, y):
    smooth = numbers["label_smoothing"]
    logp = jax.nn.log_softmax(rows(output))
    picked = jnp.take_along_axis(logp, y[:, None], 1)[:, 0]
    return -((1 - smooth) * picked + smooth * logp.mean(1)).mean()


LOSSES = {
    "cross_entropy": cross_entropy,
    "mse": lambda n, x, t: jnp.square(x - t).mean(),
    "mae": lambda n, x, t: jnp.abs(x - t).mean(),
    "binary_cross_entropy": lambda n, x, t: (jax.nn.softplus(x) - x * t).mean(),
}


def sgd(v, _step, w, g, s):
    s = v["momentum"] * s + g + v["weight_decay"] * w
    return w - v["lr"] * (g + v["weight_decay"] * w + v["momentum"] * s if v["nesterov"] else s), s


def adam(v, step, w, g, s, decoupled=False):
    mean, square = s
    g = g if decoupled else g + v["weight_decay"] * w
    mean = v["beta1"] * mean + (1 - v["beta1"]) * g
    square = v["beta2"] * square + (1 - v["beta2"]) * g * g
    w = w * (1 - v["lr"] * v["weight_decay"]) if decoupled else w
    root = jnp.sqrt(square / (1 - v["beta2"] ** step)) + v["eps"]
    return w - v["lr"] / (1 - v["beta1"] ** step) * mean / root, (mean, square)


def rmsprop(v, _step, w, g, s):
    square, buffer = s
    g = g + v["weight_decay"] * w
    square = v["decay"] * square + (1 - v["decay"]) * g * g
    buffer = v["momentum"] * buffer + g / (jnp.sqrt(square) + v["eps"])
    return w - v["lr"] * buffer, (square, buffer)


OPTIMIZERS = {"sgd": (sgd, 1), "adam": (adam, 2), "rmsprop": (rmsprop, 2),
              "adamw": (lambda *args: adam(*args, decoupled=True), 2)}


def unsupported(why):
    print(f"jax_peer: {why}", file=sys.stderr)
    sys.exit(3)


# ---- the step -----------------------------------------------------------------------------------

def native(layer, short, value):
    """A parameter as JAX's layers want it: HWIO, [in, out]."""
    if short != "weight" or value.ndim == 1:
        return value
    if layer["kind"] == "conv_transpose":
        return value.transpose(2, 3, 0, 1)
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T


def build(graph, weights):
    """(step function, its state): state = parameters, running statistics, optimizer, count"""
    trained, running = {}, {}
    for layer in graph["layers"]:
        if layer["kind"] not in LAYERS and layer["kind"] != "dropout":
            unsupported(f"{layer['name']}: no layer '{layer['kind']}'")
        for entry in layer.get("parameters", []):
            short = entry["name"].removeprefix(layer["name"] + ".")
            keep = short.startswith("running") or not layer["trainable"]
            place = running if keep else trained
            place[entry["name"]] = jnp.array(native(layer, short, weights[entry["name"]]))
    kind, numbers = graph["optimizer"]["type"], graph["optimizer"]["numbers"]
    if kind not in OPTIMIZERS or numbers.get("l1", 0) or numbers.get("grad_clip", 0):
        unsupported(f"no optimizer '{kind}' with these numbers")
    if graph["loss"]["type"] not in LOSSES:
        unsupported(f"no loss '{graph['loss']['type']}'")
    rule, states = OPTIMIZERS[kind]
    zero = lambda w: jnp.zeros_like(w) if states == 1 else (jnp.zeros_like(w), jnp.zeros_like(w))

    def loss_of(trained, running, x, y):
        value, moved = {"": x}, {}
        for layer in graph["layers"]:
            p = {e["name"].removeprefix(layer["name"] + "."):
                 trained[e["name"]] if e["name"] in trained else running[e["name"]]
                 for e in layer.get("parameters", [])}
            inputs = [value[name] for name in layer["inputs"]]
            if layer["kind"] == "dropout":
                out = inputs[0]
            else:
                out = LAYERS[layer["kind"]](layer["numbers"], p, *inputs)
            if isinstance(out, tuple):
                out, statistic = out
                moved |= {f"{layer['name']}.{k}": v for k, v in statistic.items()}
            value[layer["name"]] = out
        target = rows(y) if out.ndim == 2 and y.ndim == 4 else y
        return LOSSES[graph["loss"]["type"]](graph["loss"]["numbers"], out, target), moved

    def step(state, x, y):
        trained, running, optimizer, count = state
        (loss, moved), grads = jax.value_and_grad(loss_of, has_aux=True)(trained, running, x, y)
        new, states = {}, {}
        for name, w in trained.items():
            new[name], states[name] = rule(numbers, count + 1, w, grads[name], optimizer[name])
        return loss, (new, running | moved, states, count + 1)

    state = trained, running, {k: zero(w) for k, w in trained.items()}, jnp.zeros(())
    return jax.jit(step, donate_argnums=0), state


def main():
    parser = argparse.ArgumentParser()
    for name in ("graph", "weights", "batch"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    graph = json.loads(args.graph.read_text())
    step, state = build(graph, load(args.weights))
    batch = load(args.batch)
    x = jnp.array(batch["x"], jnp.float32)
    x = x.transpose(0, 2, 3, 1) if x.ndim == 4 else x
    if graph["loss"]["target"] == "input":
        y = jnp.array(x)
    else:
        y = jnp.array(batch["y"].astype(np.int32 if graph["classes"] else np.float32))
        y = y.transpose(0, 2, 3, 1) if y.ndim == 4 else y
    loss, state = step(state, x, y)
    print(json.dumps({"loss": loss.item(), "ms_first": 1e3 * (time.perf_counter() - START),
                      "version": jax.__version__}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line.split()[1])):
            before = time.perf_counter()
            loss, state = step(state, x, y)
            loss.block_until_ready()
            times.append(1e3 * (time.perf_counter() - before))
        print(json.dumps({"ms_median": statistics.median(times), "ms_min": min(times),
                          "loss": loss.item()}), flush=True)


if __name__ == "__main__":
    main()
