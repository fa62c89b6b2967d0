"""bench.py: nncc against the libraries, in turn and on the same numbers.

    bench.py [NET ...] [--peers onednn,torch,jax] [--threads 1,2] [--pairs 7] [--into FILE.json]
             [--nncc="OPTION ..."] [--note TEXT]

In:  networks of the suite or groups of them (nets.py); the default is all; `accuracy` is no network
     but the time to an accuracy (accuracy.py), and belongs to all
Out: a table on standard output; FILE.json with everything and FILE.md with the tables (default
     bench/results/DATE-TIME). An existing file keeps the networks that are not measured now.

For each network and number of threads: every peer that finds the same loss shows its speed in each
of its forms, and the fastest form stays, unless it takes SLOW times as long as another peer's; then
nncc and all peers run in turn, a sample each, PAIRS times. A ratio is the peer's time over ours in
the same round; its median, smallest and largest are told, and beside them the ratio of the shortest
steps that either side ever took, which other work on the machine disturbs least. A sample is as
many steps as take about 0.3 s. bench/README.md explains how to read the results.
"""
import argparse
import datetime
import json
import math
import os
import pathlib
import re
import statistics
import sys

import accuracy
import nets
import report
from nets import Failed, call
from sides import FAMILIES, Peer, Trainer, installed

SAMPLE_MS = 300
SLOW = 4


def steps_for(side):
    """(how many steps make a sample, ms a step); warms the side up on the way."""
    steps, ms = 1, side.run(1)
    while ms * steps < SAMPLE_MS:
        steps = max(steps + 1, min(8 * steps, math.ceil(1.1 * SAMPLE_MS / ms)))
        ms = side.run(steps)
    return steps, ms


def quick_look(peer, steps):
    """The least of three samples' medians: enough to choose among the forms of a peer."""
    return min(peer.run(steps) for _ in range(3))


def fastest(family, net, threads, told):
    """The family's fastest form as (peer, steps), or None; `told` gets what each form said."""
    best = None
    for name, command in FAMILIES[family].items():
        try:
            peer = Peer(name, command, net, threads)
        except Failed as e:
            told[name] = {"reason": str(e)}
            continue
        steps, ms = steps_for(peer)
        least = min((form["ms"] for form in told.values() if "ms" in form), default=math.inf)
        slow = ms > SLOW * least
        ms = ms if slow else quick_look(peer, steps)
        told[name] = {"ms": ms, "ms_least": peer.least, "version": peer.version}
        if slow or (best and best[2] <= ms):
            peer.close()
            continue
        if best:
            best[0].close()
        best = peer, steps, ms
    return best


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def shares(trainer, steps):
    """Each kernel's share of its limit, and of all of a kind by time."""
    said = trainer.report(steps, "--profile")
    limit = {"peak": ("gflop", said["peak_gflops"]), "triad": ("gbytes", said["triad_gbytes"])}
    sums = {kind: [0, 0] for kind in limit}
    for k in said["kernels"]:
        amount, most = limit[k["limit"]]
        k["share"] = k[amount] / k["ms"] * 1e3 / most if most else 0
        sums[k["limit"]][0] += k["ms"]
        sums[k["limit"]][1] += k["ms"] * k["share"]
    return {"peak_gflops": said["peak_gflops"], "triad_gbytes": said["triad_gbytes"],
            "gflop": said["gflop_per_step"], "kernels": said["kernels"],
            "share": {kind: done / ms if ms else None for kind, (ms, done) in sums.items()},
            "ms_of": {kind: ms for kind, (ms, _) in sums.items()}}


def measure(net, threads, families, pairs):
    trainer, told, sides = Trainer(net, threads), {}, []
    ours, _ = steps_for(trainer)
    trainer.first.clear()
    try:
        for family in families:
            best = fastest(family, net, threads, told) if not installed(family) else None
            if installed(family):
                told[family] = {"reason": installed(family)}
            if best:
                sides.append(best)
        times = {"nncc": []} | {peer.name: [] for peer, _, _ in sides}
        for _ in range(pairs):
            times["nncc"].append(trainer.run(ours))
            for peer, steps, _ in sides:
                times[peer.name].append(peer.run(steps))
    finally:
        for peer, _, _ in sides:
            peer.close()
    row = {"threads": threads, "ms": spread(times["nncc"]), "forms": told, "peers": {},
           "ms_first": spread(trainer.first)}
    row["ms_least"] = trainer.least
    for peer, _, _ in sides:
        ms = times[peer.name]
        ratio = [theirs / own for theirs, own in zip(ms, times["nncc"])]
        row["peers"][peer.name] = {"ms": spread(ms), "ratio": spread(ratio),
                                   "ms_least": peer.least, "least": peer.least / trainer.least}
    row["best"] = min(row["peers"], key=lambda p: row["peers"][p]["ms"]["median"], default=None)
    return row | shares(trainer, ours)


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*: (.*)", info)
    facts = {key: re.search(rf"^{key}\s*: (.*)", info, re.M) for key in ("cpu family", "model")}
    return {"processor": (model[1] if model else "unknown")
            + "".join(f", {k} {v[1]}" for k, v in facts.items() if v),
            "processors": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}


def versions():
    line = lambda *command: call(*command)[0].splitlines()[0]
    found = {"nncc": line(nets.NNCC, "--version").removeprefix("nncc "),
             "commit": line("git", "describe", "--always", "--dirty"),
             "clang": line("clang-19", "--version").removeprefix("Debian clang version ")}
    try:
        found["onednn"] = line("dpkg-query", "-W", "-f", "${Version}", "libdnnl-dev")
    except (Failed, OSError):
        pass
    return found


def rounded(x):
    """Numbers as they are worth writing down: five digits."""
    if isinstance(x, dict):
        return {key: rounded(value) for key, value in x.items()}
    if isinstance(x, list):
        return [rounded(value) for value in x]
    return float(f"{x:.5g}") if isinstance(x, float) and math.isfinite(x) else x


def write(path, result):
    """The JSON, a network a line, and the tables beside it."""
    result = rounded(result)
    lines = [f"{json.dumps(name)}: {json.dumps(net)}" for name, net in result["nets"].items()]
    rest = json.dumps({key: value for key, value in result.items() if key != "nets"}, indent=1)
    body = ",\n".join(lines)
    path.write_text(f'{rest[:-2]},\n "nets": {{\n{body}\n}}}}\n', encoding="utf-8")
    path.with_suffix(".md").write_text(report.markdown(result), encoding="utf-8")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("nets", nargs="*", default=["all"])
    parser.add_argument("--peers", default="onednn,torch,jax")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--into", type=pathlib.Path)
    parser.add_argument("--nncc", default="", metavar="OPTIONS")
    parser.add_argument("--note")
    args = parser.parse_args()
    words = lambda text: text.replace(",", " ").split()
    args.peers, args.threads = words(args.peers), [int(t) for t in words(args.threads)]
    args.nncc = args.nncc.split()
    args.nets = [one for name in args.nets for one in nets.GROUPS.get(name, [name])]
    for peer in args.peers:
        if peer not in FAMILIES:
            parser.error(f"no peer '{peer}'; there are {', '.join(FAMILIES)}")
    if not args.into:
        now = datetime.datetime.now()
        args.into = pathlib.Path("bench/results") / now.strftime("%Y-%m-%d-%H%M.json")
    return args


def main():
    args = arguments()
    result = {"nets": {}}
    if args.into.exists():
        result = json.loads(args.into.read_text(encoding="utf-8"))
    result |= {"date": datetime.date.today().isoformat(), "machine": machine(),
               "versions": versions(), "options": args.nncc, "pairs": args.pairs}
    result |= {"notes": args.note} if args.note else {}
    args.into.parent.mkdir(parents=True, exist_ok=True)
    failed = 0
    print(report.HEAD, flush=True)
    for name in args.nets:
        try:
            if name == "accuracy":
                result[name] = accuracy.measure(args.nncc, args.threads, args.peers)
                print("\n".join(report.accuracy(result)), flush=True)
                continue
            net = nets.prepare(name, args.nncc)
            rows = result["nets"].get(name, {}).get("rows", {})
            result["nets"][name] = {"facts": net.facts, "loss": net.loss, "rows": rows}
            for threads in args.threads:
                row = measure(net, threads, args.peers, args.pairs)
                rows[str(threads)] = row
                print(report.line(name, row), flush=True)
        except Failed as e:
            failed += 1
            result["nets"][name] = {"reason": str(e)}
            print(f"{name}: {e}", flush=True)
        finally:
            write(args.into, result)
    print(f"written: {args.into} and {args.into.with_suffix('.md')}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
