"""graph_net.py: the network that `nncc --emit-graph` describes, as a PyTorch module.

In:  the graph: {"input", "layers": [{name kind inputs shape numbers parameters ..}], "loss",
     "optimizer"}; layers stand in an order in which each comes after its inputs, the output last.
Out: GraphNet, a torch.nn.Module whose parameters have nncc's names; loss_of and Optimizer, which
     are the network's loss and optimizer.
Idea: one short function for each row of compiler/rows/layers.c, which calls what PyTorch offers for it
and takes the general way only where PyTorch has no equal (unequal paddings, say): the same module
is what nncc is compared with, in values and in speed.
"""
import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F


# ---- layers: n holds the layer's numbers, p its parameters by short name ------------------------

def outside(x, n, value=0.0):
    """Padding as PyTorch's own layers know it; an unequal one is made here."""
    if (n.pt, n.pl) == (n.pb, n.pr):
        return x, (n.pt, n.pl)
    return F.pad(x, (n.pl, n.pr, n.pt, n.pb), value=value), (0, 0)


def conv(n, p, x):
    groups = x.shape[1] if n.kind == "depthwise_conv" else n.groups
    x, padding = outside(x, n)
    return F.conv2d(x, p["weight"], p.get("bias"), (n.sh, n.sw), padding, (n.dh, n.dw), groups)


def conv_transpose(n, p, x):
    stride, extra = (n.sh, n.sw), (n.oh, n.ow)
    even = (n.pt, n.pl) == (n.pb, n.pr) and min(n.pt, n.pl) >= 0
    if even and n.oh < n.sh and n.ow < n.sw:
        return F.conv_transpose2d(x, p["weight"], p.get("bias"), stride, (n.pt, n.pl), extra)
    x = F.conv_transpose2d(x, p["weight"], None, stride)
    x = F.pad(x, (-n.pl, n.ow - n.pr, -n.pt, n.oh - n.pb))
    return x + p["bias"].reshape(-1, 1, 1) if "bias" in p else x


def dense(_n, p, x):
    return F.linear(x.flatten(1), p["weight"], p.get("bias"))


def max_pool(n, _p, x):
    if n.pt > n.kh // 2 or n.pl > n.kw // 2:    # more than PyTorch's own layer takes
        x, padding = F.pad(x, (n.pl, n.pr, n.pt, n.pb), value=-math.inf), (0, 0)
    else:
        x, padding = outside(x, n, -math.inf)
    return F.max_pool2d(x, (n.kh, n.kw), (n.sh, n.sw), padding)


def avg_pool(n, _p, x):
    kernel, stride = (n.kh, n.kw), (n.sh, n.sw)
    if (n.pt, n.pl) == (n.pb, n.pr) and n.pt <= n.kh // 2 and n.pl <= n.kw // 2:
        return F.avg_pool2d(x, kernel, stride, (n.pt, n.pl), count_include_pad=False)
    sides = n.pl, n.pr, n.pt, n.pb
    cells = F.pad(torch.ones_like(x[:1, :1]), sides)
    return F.avg_pool2d(F.pad(x, sides), kernel, stride) / F.avg_pool2d(cells, kernel, stride)


def upsample(n, _p, x):
    if n.mode == 0:
        return F.interpolate(x, scale_factor=n.scale, mode="nearest")
    return F.interpolate(x, scale_factor=n.scale, mode="bilinear", align_corners=False)


def batch_norm(n, p, x):
    weight, bias, mean, var = (p.get(k) for k in ("weight", "bias", "running_mean", "running_var"))
    if not n.training or x.numel() > x.shape[1]:
        return F.batch_norm(x, mean, var, weight, bias, n.training, n.momentum, n.eps)
    # One value a channel, which PyTorch refuses: the variance is 0 and its average stays.
    with torch.no_grad():
        mean.lerp_(x.flatten(), n.momentum)
    shape = [1, -1] + [1] * (x.dim() - 2)
    y = (x - x) * n.eps ** -0.5
    return y if weight is None else y * weight.reshape(shape) + bias.reshape(shape)


def layer_norm(n, p, x):
    return F.layer_norm(x, x.shape[1:], p["weight"], p["bias"], n.eps)


def group_norm(n, p, x):
    return F.group_norm(x, n.groups, p["weight"], p["bias"], n.eps)


def hard_sigmoid(_n, _p, x):
    # The gradient of PyTorch's own takes 1/6 as a float, whatever the type of x.
    return F.relu6(x + 3) / 6 if x.dtype == torch.float64 else F.hardsigmoid(x)


def product(_n, _p, first, *others):
    for x in others:
        first = first * x
    return first


def widen(n, _p, x):
    """A shortcut without parameters: places taken by the stride, then channels of zeros."""
    if x.dim() == 4:
        x = x[:, :, ::n.sh, ::n.sw]
    return torch.cat([x, x.new_zeros(x.shape[0], n.channels - x.shape[1], *x.shape[2:])], 1)


LAYERS = {
    "conv": conv, "depthwise_conv": conv, "conv_transpose": conv_transpose, "dense": dense,
    "max_pool": max_pool, "avg_pool": avg_pool,
    "global_avg_pool": lambda n, p, x: F.adaptive_avg_pool2d(x, 1),
    "global_max_pool": lambda n, p, x: F.adaptive_max_pool2d(x, 1),
    "flatten": lambda n, p, x: x.flatten(1),
    "reshape": lambda n, p, x: x.reshape(-1, n.channels, n.height, n.width),
    "upsample": upsample, "batch_norm": batch_norm, "layer_norm": layer_norm,
    "group_norm": group_norm,
    "dropout": lambda n, p, x: F.dropout(x, n.rate, n.training),
    "add": lambda n, p, *xs: sum(xs[1:], xs[0]),
    "concat": lambda n, p, *xs: torch.cat(xs, 1),
    "multiply": product, "widen": widen, "widen_features": widen,
    "relu": lambda n, p, x: F.relu(x),
    "relu6": lambda n, p, x: F.relu6(x),
    "leaky_relu": lambda n, p, x: F.leaky_relu(x, n.alpha),
    "elu": lambda n, p, x: F.elu(x, n.alpha),
    "sigmoid": lambda n, p, x: torch.sigmoid(x),
    "tanh": lambda n, p, x: torch.tanh(x),
    "softplus": lambda n, p, x: F.softplus(x, threshold=1000),    # PyTorch's is cut at 20
    "silu": lambda n, p, x: F.silu(x),
    "gelu": lambda n, p, x: F.gelu(x),
    "hard_swish": lambda n, p, x: F.hardswish(x),
    "hard_sigmoid": hard_sigmoid,
    "softmax": lambda n, p, x: F.softmax(x, 1),
}


def numbers_of(layer):
    """A layer's numbers as attributes; whole ones are ints, as PyTorch wants them."""
    whole = {k: int(v) if v == int(v) else v for k, v in layer["numbers"].items()}
    return SimpleNamespace(kind=layer["kind"], training=True, **whole)


def key_of(name):
    """Under which name a parameter is registered: dots mean something to torch.nn.Module."""
    return name.replace(".", "/")


class GraphNet(torch.nn.Module):
    """Parameters start as random numbers of variance 1 / fan in; `load` sets them.

    watch(layer, inputs, output) -> output, where given, sees every layer at work."""

    def __init__(self, graph, dtype=torch.float32):
        super().__init__()
        self.graph, self.watch = graph, None
        self.names, self.steps = [], []
        for layer in graph["layers"]:
            table = []
            for entry in layer.get("parameters", []):
                short = entry["name"].removeprefix(layer["name"] + ".")
                self.register(entry["name"], short, entry["shape"], layer, dtype)
                table.append((short, key_of(entry["name"])))
            self.steps.append((layer, numbers_of(layer), table))

    def register(self, name, short, shape, layer, dtype):
        norm = layer["kind"].endswith("_norm")
        if short == "weight" and not norm:
            value = torch.randn(shape, dtype=dtype) / math.sqrt(math.prod(shape[1:]))
        else:
            value = torch.full(shape, float(short in ("weight", "running_var")), dtype=dtype)
        self.names.append(name)
        if short.startswith("running"):
            self.register_buffer(key_of(name), value)
        else:
            trained = layer.get("trainable", True)
            self.register_parameter(key_of(name), torch.nn.Parameter(value, trained))

    def tensor(self, name):
        return getattr(self, key_of(name))

    def tensors(self):
        """Every parameter and running statistic by nncc's name."""
        return {name: self.tensor(name) for name in self.names}

    def trained(self):
        return {n: t for n, t in self.tensors().items() if t.requires_grad}

    def load(self, values):
        with torch.no_grad():
            for name, tensor in self.tensors().items():
                tensor.copy_(values[name])

    def forward(self, x):
        value = {"": x}
        for layer, n, table in self.steps:
            n.training = self.training
            inputs = [value[name] for name in layer["inputs"]]
            p = {short: getattr(self, key) for short, key in table}
            y = LAYERS[n.kind](n, p, *inputs)
            if self.watch:
                y = self.watch(layer, inputs, y)
            value[layer["name"]] = y
        return y


# ---- losses and optimizers ----------------------------------------------------------------------

def loss_of(graph, output, x, y):
    """The mean over the batch: y is labels, or targets of the output's shape. Weighted classes take
    graph["class_weight"]."""
    kind, numbers = graph["loss"]["type"], graph["loss"]["numbers"]
    if graph["loss"]["target"] == "input":
        y = x.reshape(output.shape)
    if kind == "cross_entropy":
        smoothing, weight = numbers.get("label_smoothing", 0), graph.get("class_weight")
        each = F.cross_entropy(output.flatten(1), y, None if weight is None else weight.to(output),
                               reduction="none", label_smoothing=smoothing)
        return each.mean()
    return {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss,
            "binary_cross_entropy": F.binary_cross_entropy_with_logits}[kind](output, y)


class Lion(torch.optim.Optimizer):
    """Chen et al., Symbolic Discovery of Optimization Algorithms (2023), program 1."""

    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for w in (w for w in group["params"] if w.grad is not None):
                if "exp_avg" not in self.state[w]:
                    self.state[w]["exp_avg"] = torch.zeros_like(w)
                mean = self.state[w]["exp_avg"]
                direction = torch.sign(mean * beta1 + w.grad * (1 - beta1))
                w.mul_(1 - group["lr"] * group["weight_decay"]).sub_(direction, alpha=group["lr"])
                mean.mul_(beta2).add_(w.grad, alpha=1 - beta2)


def rule_of(kind, v, params, fused=None):
    """fused: one loop over each parameter, where PyTorch offers that."""
    lr, decay = v["lr"], v.get("weight_decay", 0)
    if kind == "sgd":
        return torch.optim.SGD(params, lr, momentum=v["momentum"], weight_decay=decay,
                               nesterov=bool(v["nesterov"] and v["momentum"]), fused=fused)
    if kind == "rmsprop":
        return torch.optim.RMSprop(params, lr, alpha=v["decay"], eps=v["eps"], weight_decay=decay,
                                   momentum=v["momentum"])
    if kind == "adagrad":
        return torch.optim.Adagrad(params, lr, eps=v["eps"], weight_decay=decay, fused=fused)
    betas = v["beta1"], v["beta2"]
    if kind == "lion":
        return Lion(params, lr, betas, decay)
    rule = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
    return rule(params, lr, betas=betas, eps=v["eps"], weight_decay=decay, fused=fused)


class Optimizer:
    """Clips the gradients in .grad, adds l1, and lets PyTorch take the step. A parameter that the
    loss does not depend on has no .grad and stays as it is."""

    def __init__(self, graph, net, fused=None):
        numbers = graph["optimizer"]["numbers"]
        self.params = list(net.trained().values())
        self.l1, self.clip = numbers.get("l1", 0), numbers.get("grad_clip", 0)
        self.rule = rule_of(graph["optimizer"]["type"], numbers, self.params or [torch.zeros(1)],
                            fused)

    def felt(self):
        return [w for w in self.params if w.grad is not None]

    def zero_grad(self):
        self.rule.zero_grad()

    def step(self):
        if self.clip:
            torch.nn.utils.clip_grad_norm_(self.params, self.clip)
        if self.l1:
            for w in self.felt():
                w.grad.add_(torch.sign(w.detach()), alpha=self.l1)
        self.rule.step()


def run(net, x, y, steps, after_backward=None):
    """What a trainer's `step --steps K` writes, for each K of `steps`."""
    net.train()
    opt, first, written = Optimizer(net.graph, net), {}, {}
    for step in range(1, max(steps, default=0) + 1):
        opt.zero_grad()
        output = net(x)
        loss = loss_of(net.graph, output, x, y)
        if loss.requires_grad:
            loss.backward()
        if step == 1:
            first = {"loss": loss.detach().reshape(1), "output": output.detach().clone()}
            for name, w in net.trained().items():
                if w.grad is not None:
                    first[f"grad.{name}"] = w.grad.clone()
        if after_backward:
            after_backward(net, opt)
        opt.step()
        if step in steps:
            written[step] = first | {n: v.detach().clone() for n, v in net.tensors().items()}
    return written


def evaluate(net, x, y):
    """What `step --eval` writes."""
    net.eval()
    with torch.no_grad():
        output = net(x)
        return {"loss": loss_of(net.graph, output, x, y).reshape(1), "output": output}
