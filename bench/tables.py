"""Results as tables: nothing in them is typed by hand."""

import statistics

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
NAMES = {
    "bert-base-uncased": "BERT-base", "gpt2-small": "GPT-2 small", "t5-small": "T5-small", "t5-small-encoder": "T5-small, encoder",
    "vit-base-patch16-224": "ViT-B/16", "zoo": "zoo", "candle": "candle", "pytorch": "PyTorch", "pytorch-compiled": "PyTorch, compiled",
    "onnxruntime": "ONNX Runtime",
}
TASKS = {
    "forward": "the whole model", "prefill": "a text is read, its last position scored", "decode": "one token after another",
    "ready": "from the name to random weights", "load": "from the name and a file to its weights",
}
# How far numbers may be apart that are computed in another order, of the largest of them.
TOLERANCE = {"f32": 1e-3, "bf16": 8e-2}


def unequal(ours, theirs):
    """Why two measurements are not of the same work; None if they are."""
    for field, told in [("parameters", "parameters"), ("output", "an output of")]:
        if ours[field] != theirs[field]:
            return f"{told} {ours[field]} here and {theirs[field]} there"
    if ours["task"] != "ready":
        # What is not a number is `null` in JSON.
        plain = lambda entry: [float("nan") if number is None else number for number in entry["sample"]]
        apart = [abs(a - b) for a, b in zip(plain(ours), plain(theirs), strict=True)]
        allowed = TOLERANCE[theirs["dtype"]] * max(abs(number) for number in plain(ours))
        # Written so that what is not a number agrees with nothing.
        if not all(distance <= allowed for distance in apart):
            return f"numbers that are {max(apart):.2g} apart"
    for side in (ours, theirs):
        turns = [cores for cores in side.get("cores", []) if cores is not None]
        # The system counts in ticks: a little more than its threads is a rounding, a quarter of a core another thread.
        used = statistics.fmean(turns) if turns else 0
        if side["device"] == "cpu" and used > side["threads"] + 0.25:
            return f"{NAMES[side['peer']]} took {used:.1f} cores for {side['threads']} threads"
    return None


def quartiles(numbers):
    if len(numbers) < 2:
        return [numbers[0]] * 3
    return statistics.quantiles(numbers, n=4, method="inclusive")


def ratios(ours, theirs, runs, field="seconds"):
    """How many times as long they took, turn by turn: quartiles."""
    runs = 1 if ours["task"] in ("ready", "load") else runs
    turns = lambda entry: [statistics.median(entry[field][at : at + runs]) for at in range(0, len(entry[field]), runs)]
    return quartiles([b / a for a, b in zip(turns(ours), turns(theirs))])


def share(entry, machine):
    """How near the median comes to the shortest time that the machine allows, and what sets that."""
    peaks = [peak for peak in machine["peaks"] if peak["threads"] == entry["threads"]]
    # The limits that are known are those of the processor.
    if not peaks or "flops" not in entry or entry["device"] != "cpu":
        return None
    compute = entry["flops"] / (peaks[0]["gflops"] * 1e9)
    memory = entry["bytes"] / (peaks[0]["read_gb_per_s"] * 1e9)
    of, least = ("compute", compute) if compute >= memory else ("memory", memory)
    return least / statistics.median(entry["seconds"]), of


def time(seconds):
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.1 else f"{seconds * 1e3:.3g} ms"


def size(count):
    return f"{count / 2**20:,.0f} MiB" if count else "–"


def table(titles, rows):
    # Numbers stand to the right.
    lines = [titles, ["---"] + ["--:"] * (len(titles) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def text(all_results):
    return "\n".join(part(results) for results in all_results)


def part(results):
    machine, measured = results["machine"], results["measurements"]
    parts = [f"## {results['date']}, {machine['cpu'] or machine['arch']}, {machine['cores']} cores\n"]
    facts = [f"{size(machine['memory_bytes'])} of memory, {machine['os']} {machine['kernel']}, {results['dtype']} on {results['device']}"]
    versions = {NAMES[entry["peer"]]: entry["version"] for entry in measured}
    facts.append("; ".join(f"{name} {version}" for name, version in sorted(versions.items())))
    parts.append(". ".join(facts) + ".")
    if results["note"]:
        parts.append(results["note"])
    others = [cores for entry in measured for cores in entry["others"]]
    if others:
        low, middle, high = quartiles(others)
        parts.append(
            f"While this was measured, other programs took {middle:.2f} of the {machine['cores']} cores (median over turns; middle half "
            f"{low:.2f} to {high:.2f})."
        )
    options = results["options"]
    parts.append(
        f"Texts of {options['seq']} tokens, {options['steps']} tokens written. {options['turns']} turns of {options['runs']} runs; what is told is "
        "zoo's median with the middle half of its runs, and how many times as long the others took: the median over turns, and their middle half. "
        "Above 1 zoo is faster."
    )
    rows = [[str(peak["threads"]), f"{peak['gflops']:.0f} GFLOP/s", f"{peak['read_gb_per_s']:.1f} GB/s"] for peak in machine["peaks"]]
    parts.append("\nWhat the machine can do at most:\n\n" + table(["threads", "matrix products", "reading memory"], rows))
    refused = {}
    for task in TASKS:
        for threads in sorted({entry["threads"] for entry in measured if entry["task"] == task}):
            chosen = [entry for entry in measured if entry["task"] == task and entry["threads"] == threads]
            plural = "thread" if threads == 1 else "threads"
            made = (once if task in ("ready", "load") else often)(chosen, results, refused)
            if made:
                parts.append(f"### {task}: {TASKS[task]}, {threads} {plural}\n\n{made}")
    for why, cases in refused.items():
        parts.append(f"- No ratio for {why[0]}, {', '.join(sorted(set(cases)))}: {why[1]}.")
    for note in sorted({f"- {NAMES[entry['peer']]}: {entry['note']}." for entry in measured if entry["note"]}):
        parts.append(note)
    gone = {}
    for entry in results["left_out"]:
        gone.setdefault((NAMES[entry["peer"]], entry["why"]), []).append(f"{NAMES[entry['model']]} {entry['task']}")
    for (peer, why), cases in gone.items():
        parts.append(f"- {peer} is left out of {', '.join(sorted(set(cases)))}: {why}.")
    return "\n".join(parts) + "\n"


def grouped(chosen):
    """Measurements of the same case, by peer."""
    groups = {}
    for entry in chosen:
        groups.setdefault((entry["model"], entry["batch"]), {})[entry["peer"]] = entry
    return groups


def peers_of(chosen):
    return [peer for peer in ["candle", "pytorch", "pytorch-compiled", "onnxruntime"] if any(entry["peer"] == peer for entry in chosen)]


def ratio(ours, theirs, results, refused, field="seconds"):
    if theirs is None:
        return "–"
    if ours is None:
        return time(statistics.median(theirs[field]))
    why = unequal(ours, theirs)
    if why:
        case = f"{NAMES[ours['model']]} {ours['task']}"
        refused.setdefault((NAMES[theirs["peer"]], why), []).append(case)
        return "not the same work"
    low, middle, high = ratios(ours, theirs, results["options"]["runs"], field)
    return f"**{middle:.2f}** ({low:.2f}–{high:.2f})"


def often(chosen, results, refused):
    peers, rows = peers_of(chosen), []
    for (model, batch), by_peer in grouped(chosen).items():
        ours = by_peer.get("zoo")
        cells = ["–", "–"]
        if ours:
            low, middle, high = quartiles(ours["seconds"])
            told = f"{time(middle)} ({time(low)} – {time(high)})"
            if ours["task"] == "decode":
                told = f"{batch * ours['steps'] / middle:.1f} tokens/s; {told}"
            near = share(ours, results["machine"])
            cells = [told, f"{near[0]:.0%} of {near[1]}" if near else "–"]
        cells += [ratio(ours, by_peer.get(peer), results, refused) for peer in peers]
        rows.append([NAMES[model], str(batch), *cells])
    return table(["model", "batch", "zoo", "of the limit", *[NAMES[peer] for peer in peers]], rows)


def once(chosen, results, refused):
    peers, rows = peers_of(chosen), []
    for (model, _), by_peer in grouped(chosen).items():
        ours = by_peer.get("zoo")
        if ours is None:
            continue
        for field, told in [("seconds", ""), ("answer_seconds", ", to the first answer")]:
            rows.append(
                [NAMES[model] + told, time(statistics.median(ours[field]))]
                + [ratio(ours, by_peer.get(peer), results, refused, field) for peer in peers]
            )
        rows.append([f"{NAMES[model]}, peak memory", *[size(by_peer[peer]["peak_bytes"]) if peer in by_peer else "–" for peer in ["zoo", *peers]]])
        if ours["task"] == "load":
            read = time(statistics.median(ours["read_seconds"]))
            rows.append([f"{NAMES[model]}, reading the {size(ours['file_bytes'])} of the file alone", read, *["" for _ in peers]])
    return table(["model", "zoo", *[NAMES[peer] for peer in peers]], rows)


def write(path, tables):
    """Puts tables between the markers of a file."""
    with open(path) as file:
        whole = file.read()
    if whole.count(BEGIN) != 1 or whole.count(END) != 1 or whole.index(BEGIN) > whole.index(END):
        raise SystemExit(f"{path}: expected `{BEGIN}` and then `{END}`, once each")
    before, after = whole[: whole.index(BEGIN) + len(BEGIN)], whole[whole.index(END) :]
    with open(path, "w") as file:
        file.write(f"{before}\n\n{tables}\n{after}")
