"""report.py: the measurements as lines on the terminal and as tables in Markdown.

In:  what bench.py has collected (its JSON)
Out: HEAD and line() for the terminal, markdown() for bench/results/*.md
"""
import nets

# The ratios that are wanted against the best peer, and without Winograd.
WANTED = {"mlp": (3, 3), "lenet5": (5, 5), "resnet20": (2.8, 1.8), "vgg11_bn": (3, 1.6),
          "mobilenet_v1": (3, 3), "resnet18": (2.5, 1.4), "resnet50": (2.2, 1.7)}
WANTED |= {name: (3, 3) for name in nets.GROUPS["cliff"]}

HEAD = (f"{'network':14} {'threads':>7} {'nncc ms':>9}  {'best peer':15} {'its ms':>9} "
        f"{'ratio':>6} {'min':>5} {'max':>5} {'least':>6}  others")


def number(x):
    """Three digits."""
    return f"{x:.{0 if x >= 100 else 1 if x >= 10 else 2 if x >= 1 else 3}f}"


def others(row):
    forms = [f"{name} {number(said['ms'])}" if "ms" in said else f"{name}: {said['reason']}"
             for name, said in row["forms"].items() if name != row["best"]]
    return "; ".join(forms)


def line(name, row):
    start = f"{name:14} {row['threads']:7} {number(row['ms']['median']):>9}"
    if not row["best"]:
        return f"{start}  no peer: {others(row)}"
    peer = row["peers"][row["best"]]
    ratio = peer["ratio"]
    return (f"{start}  {row['best']:15} {number(peer['ms']['median']):>9} {ratio['median']:6.2f} "
            f"{ratio['min']:5.2f} {ratio['max']:5.2f} {peer['least']:6.2f}  {others(row)}")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]


def rows_of(result):
    for name in nets.SUITE:
        for row in result["nets"].get(name, {}).get("rows", {}).values():
            yield name, row


def ratios(result):
    rows = []
    for name, row in rows_of(result):
        wanted = WANTED.get(name, ("", ""))
        cells = [name, row["threads"], number(row["ms"]["median"])]
        if row["best"]:
            peer = row["peers"][row["best"]]
            r = peer["ratio"]
            cells += [row["best"], number(peer["ms"]["median"]), f"**{r['median']:.2f}**",
                      f"{r['min']:.2f} - {r['max']:.2f}", f"{peer['least']:.2f}"]
        else:
            cells += ["none", "", "", "", ""]
        rows.append(cells + [wanted[0], wanted[1], others(row)])
    return table(["network", "threads", "nncc, ms", "best peer", "its ms", "ratio", "min - max",
                  "shortest steps", "wanted", "without Winograd", "other forms, ms"], rows)


def percent(x):
    return "" if x is None else f"{100 * x:.0f} %"


def limits(result):
    rows = []
    for name, row in rows_of(result):
        slow = sorted(row["kernels"], key=lambda k: -k["ms"])[:3]
        rows.append([name, row["threads"], number(row["gflop"] / row["ms"]["median"] * 1e3),
                     number(row["peak_gflops"]), percent(row["share"]["peak"]),
                     number(row["triad_gbytes"]), percent(row["share"]["triad"]),
                     "; ".join(f"{k['name']} {number(k['ms'])} ms {percent(k['share'])}"
                               for k in slow)])
    return table(["network", "threads", "Gflop/s", "FMA peak", "contractions reach",
                  "triad GB/s", "all others reach", "the three longest kernels"], rows)


def facts(result):
    rows = []
    for name in nets.SUITE:
        net = result["nets"].get(name, {})
        if "facts" not in net:
            continue
        f = net["facts"]
        first = [row["ms_first"]["median"] for row in net["rows"].values()]
        rows.append([name, number(f["compile_s"]), number(f["binary_kb"]),
                     number(min(first)) if first else "", number(f["peak_mb"]),
                     number(f["predicted_mb"])])
    return table(["network", "nncc and clang, s", "trainer, kB", "exec to first step, ms",
                  "peak memory, MB", "predicted, MB"], rows)


def accuracy(result):
    told = result.get("accuracy")
    if not told:
        return []
    rows = [[side, s["threads"], s["epochs"], percent(s["accuracy"]), number(s["seconds"])]
            for side, s in told["sides"].items()]
    return ["", "## Time to accuracy",
            f"{told['net']} on Fashion-MNIST, from exec to the first epoch with a validation "
            f"accuracy of {percent(told['goal'])}, data loading included.", ""] + table(
                ["", "threads", "epochs", "accuracy", "seconds"], rows)


def versions(result):
    found = dict(result["versions"])
    for _, row in rows_of(result):
        for form, said in row["forms"].items():
            if said.get("version"):
                found[form.split()[0]] = said["version"]
    return "; ".join(f"{name} {version}" for name, version in found.items())


def markdown(result):
    m = result["machine"]
    lines = [f"# Measured on {result['date']}", "",
             f"{m['processor']}, {m['processors']} processors; load average at the start "
             f"{m['load']:.1f}. {versions(result)}. {result['pairs']} pairs."]
    if result["options"]:
        lines.append(f"nncc options: {' '.join(result['options'])}.")
    if result.get("notes"):
        lines += ["", result["notes"]]
    lines += ["", "## Against the libraries", "A training step, median. The ratio is the best "
              "peer's time over nncc's, in pairs; beside it that of the shortest steps seen.",
              ""] + ratios(result)
    missing = [f"- {name}: {net['reason']}" for name, net in result["nets"].items()
               if "reason" in net]
    lines += [""] + missing if missing else []
    lines += ["", "## Against the machine", "Shares are weighted by time; peak and triad were "
              "measured in the same run. What stays in the caches can be faster than the "
              "triad.", ""] + limits(result)
    lines += ["", "## Beside the step", ""] + facts(result)
    return "\n".join(lines + accuracy(result)) + "\n"
