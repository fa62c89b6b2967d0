"""torch_peer.py: a network's training step in PyTorch, as fast as PyTorch takes it.

    torch_peer.py --graph G --weights W --batch B --how nchw|nhwc|compile --threads N

In:  what `nncc --emit-graph` prints; weights and a batch as a trainer's `step` takes them
Out: after the first step a line {"loss": .., "ms_first": ..}; then, for each line "run K" on the
     standard input, K steps and {"ms_median": .., "ms_min": .., "loss": ..}

The network is tests/torch/graph_net.py's, which has been compared with nncc in every value. nchw is
eager PyTorch as it comes, nhwc eager with channels_last, compile is torch.compile of forward, loss
and their gradient. Optimizers are the fused ones where there are any; denormals are flushed.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

START = time.perf_counter()
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "torch"))

import torch                                            # noqa: E402

from graph_net import GraphNet, Optimizer, loss_of      # noqa: E402
from tensor_file import load                            # noqa: E402

FUSED = ("sgd", "adam", "adamw", "adagrad")


def stepper(graph, weights, batch, how):
    """A function that takes one training step and gives the loss before it, as a tensor."""
    net = GraphNet(graph)
    net.load(weights)
    net.train()
    x, y = batch["x"].float(), batch.get("y")
    if y is not None and y.is_floating_point():
        y = y.float()
    if how == "nhwc" and x.dim() == 4:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)

    def forward():
        return loss_of(graph, net(x), x, y)

    run = torch.compile(forward) if how == "compile" else forward
    opt = Optimizer(graph, net, True if graph["optimizer"]["type"] in FUSED else None)

    def step():
        opt.zero_grad()
        loss = run()
        loss.backward()
        opt.step()
        return loss.detach()

    return step


def timed(step, count):
    times = []
    for _ in range(count):
        before = time.perf_counter()
        loss = step()
        times.append(1e3 * (time.perf_counter() - before))
    return {"ms_median": statistics.median(times), "ms_min": min(times), "loss": loss.item()}


def main():
    parser = argparse.ArgumentParser()
    for name in ("graph", "weights", "batch"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--how", choices=("nchw", "nhwc", "compile"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    graph = json.loads(args.graph.read_text())
    step = stepper(graph, load(args.weights), load(args.batch), args.how)
    loss = step().item()
    print(json.dumps({"loss": loss, "ms_first": 1e3 * (time.perf_counter() - START),
                      "version": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(timed(step, int(line.split()[1]))), flush=True)


if __name__ == "__main__":
    main()
