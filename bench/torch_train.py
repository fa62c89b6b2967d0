"""torch_train.py: trains on Fashion-MNIST in PyTorch until a validation accuracy is reached.

    torch_train.py --graph G --data DIR --epochs N --goal 0.88 --threads N --mean M --std S

In:  what `nncc --emit-graph` prints of a network of classes, the four files of idx images
Out: {"epochs": .., "accuracy": .., "imported": seconds from the start to here} on standard output

It does what the trainer does: the last tenth of a shuffle validates, every epoch draws a new order,
the rate falls along a cosine, dropout is active. Images are normalised once and stay in memory, so
that a batch is one gather.
"""
import argparse
import gzip
import json
import math
import pathlib
import sys
import time

START = time.perf_counter()
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "torch"))

import torch                                            # noqa: E402

from graph_net import GraphNet, Optimizer, loss_of      # noqa: E402


def idx(path, header):
    raw = bytearray(gzip.decompress(path.read_bytes()))
    return torch.frombuffer(raw, dtype=torch.uint8)[header:]


def start_values(net):
    """He's normal law for weights; biases and norms are what GraphNet made them."""
    with torch.no_grad():
        for tensor in net.trained().values():
            if tensor.dim() > 1:
                tensor.normal_(0, math.sqrt(2 / math.prod(tensor.shape[1:])))


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        right = sum((net(x[i:i + 1000]).flatten(1).argmax(1) == y[i:i + 1000]).sum().item()
                    for i in range(0, len(x), 1000))
    net.train()
    return right / len(x)


def main():
    parser = argparse.ArgumentParser()
    for name in ("graph", "data"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name, kind in (("epochs", int), ("goal", float), ("threads", int), ("mean", float),
                       ("std", float)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    args = parser.parse_args()
    imported = time.perf_counter() - START
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    graph = json.loads(args.graph.read_text())
    y = idx(args.data / "train-labels-idx1-ubyte.gz", 8).long()
    x = idx(args.data / "train-images-idx3-ubyte.gz", 16).reshape(len(y), *graph["input"])
    x = (x.float() / 255 - args.mean) / args.std
    order = torch.randperm(len(y))
    train, val = order[:len(y) * 9 // 10], order[len(y) * 9 // 10:]
    val_x, val_y = x[val], y[val]
    net = GraphNet(graph)
    start_values(net)
    net.train()
    fused = graph["optimizer"]["type"] in ("sgd", "adam", "adamw", "adagrad")
    opt = Optimizer(graph, net, True if fused else None)
    rate, size = graph["optimizer"]["numbers"]["lr"], graph["batch"]
    steps, done, reached = args.epochs * math.ceil(len(train) / size), 0, 0
    for epoch in range(1, args.epochs + 1):
        for batch in train[torch.randperm(len(train))].split(size):
            for group in opt.rule.param_groups:
                group["lr"] = rate * (1 + math.cos(math.pi * done / steps)) / 2
            opt.zero_grad()
            loss_of(graph, net(x[batch]), x[batch], y[batch]).backward()
            opt.step()
            done += 1
        reached = accuracy(net, val_x, val_y)
        if reached >= args.goal:
            break
    print(json.dumps({"epochs": epoch, "accuracy": reached, "imported": imported}))


if __name__ == "__main__":
    main()
