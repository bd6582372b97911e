"""The arithmetic of the bench: medians, ratios that are formed within a round before their median is, and tables."""

import statistics

# More of the processor than this, in cores, and a round counts as disturbed.
FOREIGN_MAX = 0.10
STOLEN_MAX = 0.05


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def median_of(rounds, key):
    return median(run.get(key) if run else None for run in rounds)


def ratio(rounds, other_rounds, key="cpu_us"):
    """The median of the ratios of each round; rounds in which one of the two failed are left out."""
    return median(
        run[key] / other[key]
        for run, other in zip(rounds, other_rounds) if run and other and run.get(key) and other.get(key))


def floor(echo, direct, parts):
    """F of one round, in microseconds: gRPC, HTTP, and messages with their translation."""
    if not (echo and direct and parts):
        return None
    return {"cpu_us": echo["cpu_us"] + direct["client_cpu_us"] + sum(parts.values()) / 1000}


def is_disturbed(run):
    return run["foreign_share"] > FOREIGN_MAX or run["stolen_share"] > STOLEN_MAX


def best_rounds(rounds, wanted):
    """Those that were disturbed least, in the order in which they ran."""
    kept = sorted(range(len(rounds)), key=lambda i: (rounds[i]["disturbance"], i))[:wanted]
    return [rounds[i] for i in sorted(kept)]


def floors(point, kind):
    """F of each round."""
    rows = point[kind]
    return [
        floor(echo, direct, parts[kind] if parts else None)
        for echo, direct, parts in zip(rows.get("echo", []), rows.get("direct", []), point["parts"])]


def number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def table(lines):
    """Markdown with columns that stand below each other."""
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(lines[0]))]
    rows = ["| " + " | ".join(str(cell).ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    return "\n".join([rows[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *rows[1:]])
