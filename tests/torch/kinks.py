"""kinks.py: how far a run stays from the points where two programs may rightly disagree.

In:  every layer of a GraphNet at work (its `watch`), and what loss and optimizer see.
Out: `margin`, the distance to the nearest kink met so far (a relu at 0, two equal cells in a
     pooling window, a difference of 0 in mae), and `met`, which sides of each kink were visited.
"""
import math

import torch

BENDS = {"relu": [0], "leaky_relu": [0], "relu6": [0, 6], "elu": [0], "hard_swish": [-3, 3],
         "hard_sigmoid": [-3, 3]}


class Kinks:
    def __init__(self):
        self.margin, self.met, self.possible = math.inf, set(), set()

    def note(self, where, x, bends, counts=True):
        """x has a kink at each of `bends`; counts: the slope jumps there."""
        for bend in bends:
            if counts:
                self.margin = min(self.margin, (x - bend).abs().min().item())
        edges = [-math.inf, *bends, math.inf]
        for side in range(len(bends) + 1):
            self.possible.add((where, side))
            if ((x > edges[side]) & (x < edges[side + 1])).any():
                self.met.add((where, side))

    def cells(self, windows):
        """Distance of the two largest cells of each window. A window whose maximum is exactly 0
        comes from a relu that passes no gradient, so a tie there decides nothing."""
        if windows.shape[-1] > 1:
            top = windows.topk(2, dim=-1).values
            gap = (top[..., 0] - top[..., 1])[top[..., 0] != 0]
            if gap.numel():
                self.margin = min(self.margin, gap.min().item())

    def watch(self, layer, inputs, output):
        kind, n, x = layer["kind"], layer["numbers"], inputs[0].detach()
        if kind in BENDS:
            smooth = kind == "elu" and n["alpha"] == 1
            self.note(layer["name"], x, BENDS[kind], not smooth)
        elif kind == "max_pool":
            sides = [int(n[s]) for s in ("pl", "pr", "pt", "pb")]
            x = torch.nn.functional.pad(x, sides, value=-math.inf)
            x = x.unfold(2, int(n["kh"]), int(n["sh"])).unfold(3, int(n["kw"]), int(n["sw"]))
            self.cells(x.flatten(4))
        elif kind == "global_max_pool":
            self.cells(x.flatten(2))
        return output

    def loss(self, kind, difference):
        if kind == "mae":
            self.note("loss", difference, [0])
        if kind == "huber":
            self.note("loss", difference, [-1, 1], False)

    def rule(self, net, opt):
        """Signs: l1's of a weight, lion's of a mean of gradients."""
        for w in opt.params:
            if opt.l1:
                self.margin = min(self.margin, 10 * w.detach().abs().min().item())
            if opt.rule.__class__.__name__ == "Lion":
                beta1 = opt.rule.defaults["betas"][0]
                mean = opt.rule.state[w].get("exp_avg", torch.zeros_like(w))
                sign = (beta1 * mean + (1 - beta1) * w.grad).abs()
                self.margin = min(self.margin, (sign.min() / sign.max()).item())
