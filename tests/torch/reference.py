"""reference.py: what a network of the format computes, said in PyTorch.

In:  a list of layers as (element, attributes), with the attributes written as in the XML.
Out: the output, the loss, the gradients, and the parameters after K steps, in double.
Idea: an independent reading of the format. Padding is always made explicit (zeros for a
convolution, minus infinity for a maximum, nothing counted for a mean), so nothing here depends on
which forms of padding PyTorch's own layers happen to know.

A network near a kink (a relu at 0, two equal cells in a pooling window) has no gradient that two
programs must agree on. `Net.margin` is the distance to the nearest kink met so far.
"""
import torch
import torch.nn.functional as F


def pair(text):
    parts = [int(p) for p in text.split(",")]
    return parts * 2 if len(parts) == 1 else parts


def sides(text, size, kernel, stride, dilation):
    """Padding as (top, bottom, left, right); `same` is TensorFlow's: the odd pixel at the end."""
    if text == "valid":
        return 0, 0, 0, 0
    if text == "same":
        out = []
        for n, k, s, d in zip(size, kernel, stride, dilation):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            out += [total // 2, total - total // 2]
        return tuple(out)
    parts = [int(p) for p in text.split(",")]
    if len(parts) == 4:
        return tuple(parts)
    height, width = pair(text)
    return height, height, width, width


class Net:
    """Layers plus parameters; the parameters are made, by name, when they are first asked for."""

    def __init__(self, layers, make):
        self.layers, self.make = layers, make
        self.params, self.frozen, self.margin = {}, set(), float("inf")

    def param(self, name, shape, attrs):
        if name not in self.params:
            self.params[name] = self.make(name, shape)
            if attrs.get("trainable") == "false":
                self.frozen.add(name)
        return self.params[name]

    def forward(self, x):
        count = {}
        for element, attrs in self.layers:
            count[element] = count.get(element, 0) + 1
            name = attrs.get("name", f"{element}{count[element]}")
            x = getattr(self, element)(x, name, attrs)
            if "activation" in attrs:
                x = self.activation(x, name, {"type": attrs["activation"]})
        return x

    # ---- one method a layer ---------------------------------------------------------------

    def conv(self, x, name, attrs):
        kernel, groups = pair(attrs["kernel_size"]), int(attrs.get("groups", "1"))
        stride, dilation = pair(attrs.get("stride", "1")), pair(attrs.get("dilation", "1"))
        filters = int(attrs["filters"])
        weight = self.param(f"{name}.weight", [filters, x.shape[1] // groups, *kernel], attrs)
        bias = self.bias(name, filters, attrs)
        x = self.padded(x, attrs, kernel, stride, dilation, 0.0)
        return F.conv2d(x, weight, bias, stride, 0, dilation, groups)

    def dense(self, x, name, attrs):
        x, units = x.flatten(1), int(attrs["units"])
        weight = self.param(f"{name}.weight", [units, x.shape[1]], attrs)
        return F.linear(x, weight, self.bias(name, units, attrs))

    def max_pool(self, x, _name, attrs):
        kernel = pair(attrs["kernel_size"])
        stride = pair(attrs.get("stride", attrs["kernel_size"]))
        x = self.padded(x, attrs, kernel, stride, [1, 1], float("-inf"))
        self.note_ties(x.detach(), kernel, stride)
        return F.max_pool2d(x, kernel, stride)

    def avg_pool(self, x, _name, attrs):
        kernel = pair(attrs["kernel_size"])
        stride = pair(attrs.get("stride", attrs["kernel_size"]))
        cells = torch.ones_like(x)
        x = self.padded(x, attrs, kernel, stride, [1, 1], 0.0)
        cells = self.padded(cells, attrs, kernel, stride, [1, 1], 0.0)
        return F.avg_pool2d(x, kernel, stride) / F.avg_pool2d(cells, kernel, stride)

    def global_avg_pool(self, x, _name, _attrs):
        return x.mean((2, 3), keepdim=True)

    def flatten(self, x, _name, _attrs):
        return x.flatten(1)

    def activation(self, x, _name, attrs):
        kind = attrs["type"]
        if kind in ("relu", "leaky_relu"):
            self.margin = min(self.margin, x.detach().abs().min().item())
        if kind == "leaky_relu":
            return F.leaky_relu(x, float(attrs.get("alpha", "0.01")))
        if kind == "softmax":
            return F.softmax(x, 1)
        return {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[kind](x)

    # ---- helpers --------------------------------------------------------------------------

    def bias(self, name, size, attrs):
        if attrs.get("bias") == "false":
            return None
        return self.param(f"{name}.bias", [size], attrs)

    @staticmethod
    def padded(x, attrs, kernel, stride, dilation, value):
        top, bottom, left, right = sides(
            attrs.get("padding", "0"), x.shape[2:], kernel, stride, dilation)
        return F.pad(x, (left, right, top, bottom), value=value)

    def note_ties(self, x, kernel, stride):
        """Distance of the two largest cells of each window. A window whose maximum is exactly 0
        comes from a relu that passes no gradient, so a tie there decides nothing."""
        cells = x.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1]).flatten(4)
        if cells.shape[4] > 1:
            top = cells.topk(2, dim=4).values
            gap = (top[..., 0] - top[..., 1])[top[..., 0] != 0]
            if gap.numel():
                self.margin = min(self.margin, gap.min().item())


def loss_of(kind, output, y):
    if kind == "cross_entropy":
        return F.cross_entropy(output, y)
    return F.mse_loss(output, y)


def optimizer_of(attrs, params):
    attrs = dict(attrs)
    lr, decay = float(attrs["lr"]), float(attrs.get("weight_decay", "0"))
    if attrs["type"] == "sgd":
        return torch.optim.SGD(
            params, lr, momentum=float(attrs.get("momentum", "0")), weight_decay=decay,
            nesterov=attrs.get("nesterov") == "true")
    betas = float(attrs.get("beta1", "0.9")), float(attrs.get("beta2", "0.999"))
    return torch.optim.Adam(
        params, lr, betas=betas, eps=float(attrs.get("eps", "1e-8")), weight_decay=decay)


def run(net, kind, optimizer, x, y, steps):
    """What a trainer's `step --steps K` writes, for each K of `steps`."""
    net.forward(x)
    for name, value in net.params.items():
        value.requires_grad_(name not in net.frozen)
    trained = [v for n, v in net.params.items() if n not in net.frozen]
    opt, first, written = optimizer_of(optimizer, trained), {}, {}
    for step in range(1, max(steps) + 1):
        opt.zero_grad()
        output = net.forward(x)
        loss = loss_of(kind, output, y)
        loss.backward()
        if step == 1:
            first = {"loss": loss.detach().reshape(1), "output": output.detach().clone()}
            for name in net.params.keys() - net.frozen:
                first[f"grad.{name}"] = net.params[name].grad.clone()
        opt.step()
        if step in steps:
            written[step] = first | {n: v.detach().clone() for n, v in net.params.items()}
    return written
