"""The generated part of the page, and its pictures, from what the last runs have left in the build folder."""

import json

import figures
import goals
import plot
import report

BEGIN = "<!-- generated: begin -->"
END = "<!-- generated: end -->"
PLOTTED = "64/0"
PICTURE = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="performance-dark.svg">
  <img src="performance-light.svg" alt="{alt}">
</picture>"""


def replaced(page, generated):
    """The page with another generated part; the prose around it stays."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page has no place for what is generated")
    return f"{before}{BEGIN}\n\n{generated}\n\n{END}{after}"


def panels(outcome):
    point = outcome["results"][PLOTTED]
    out = []
    for kind, title in report.KINDS.items():
        bars = []
        for row in outcome["rows"]:
            value = figures.median_of(point[kind].get(row["name"], []), "cpu_us")
            if value and row["name"] not in ("echo", "direct"):
                bars.append((row["title"].replace("`", ""), value, row["name"].startswith("gateway")))
        out.append((title, sorted(bars, key=lambda bar: bar[1]),
                    figures.median_of(figures.floors(point, kind), "cpu_us")))
    return out


def alternative(drawn):
    """The picture in words."""
    return "; ".join(f"{title}: " + ", ".join(f"{label} {value:.0f} µs" for label, value, _ in bars)
                     for title, bars, _ in drawn)


def setting(outcome):
    machine = outcome["machine"]
    there = ", ".join(f"{name} {version}" for name, version in outcome["versions"].items() if version)
    return (f"{machine['cores']} cores, {machine['model']}, Linux {machine['kernel']}; medians of "
            f"{outcome['rounds']} rounds. {there}. {client_cost(outcome)}")


def client_cost(outcome):
    """What the load client itself takes of the shared processor, beside the gateway."""
    rows = outcome["results"].get(PLOTTED, {}).get("symphony", {})
    cost = figures.median_of(rows.get("gateway", []), "client_cpu_us")
    return f"The load client takes {cost:.0f} µs a call." if cost else ""


def generated(outcome, history):
    parts = [setting(outcome)]
    if PLOTTED in outcome["results"]:
        drawn = panels(outcome)
        parts += [f"CPU per call, {report.heading(PLOTTED)}; the line is F:", PICTURE.format(alt=alternative(drawn))]
    parts += ["## Goals", goals.table_of(outcome), "## Figures", report.tables(outcome)]
    if history:
        parts += ["## Size and history", report.history_text(history)]
    found = report.notes(outcome)
    if found:
        parts += ["## What was expressed otherwise, missing or failed", *found]
    return "\n\n".join(parts)


def write(work, path):
    """`work` has result.json, and history.json when `make bench-history` has run."""
    outcome = json.loads((work / "result.json").read_text())
    past = work / "history.json"
    history = json.loads(past.read_text()) if past.exists() else None
    path.write_text(replaced(path.read_text(), generated(outcome, history)))
    for theme in plot.THEMES:
        path.with_name(f"{path.stem}-{theme}.svg").write_text(plot.svg(panels(outcome), theme))
