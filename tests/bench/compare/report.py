"""What is printed of an outcome: a table for each load and body, and what was missing, failed or expressed otherwise."""

import os
import pathlib
import re
import subprocess

import figures
import goals

KINDS = {"symphony": "Symphony", "qlik": "Qlik"}


def machine():
    """Its kind, without its name."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.M)
    return {"cores": len(os.sched_getaffinity(0)), "model": model.group(1).strip() if model else "unknown",
            "kernel": os.uname().release.split("-")[0]}


def versions(bed):
    """Of what took part; empty where it is not there."""
    modules = (bed.peers / "go.mod").read_text()
    return {
        "session-gateway": version([bed.bin / "session-gateway", "--version"]),
        "gRPC": version(["pkg-config", "--modversion", "grpc++"]),
        "Go": version(["go", "env", "GOVERSION"]),
        "grpc-go": found_version(re.search(r"google.golang.org/grpc v(.*)", modules)[1]),
        "vanguard-go": found_version(re.search(r"connectrpc.com/vanguard v(.*)", modules)[1]),
        "Envoy": version([bed.envoy(), "--version"]) if bed.envoy() else "",
    }


def found_version(text):
    found = re.search(r"\d+\.\d+\.\d+", text)
    return found[0] if found else ""


def version(command):
    try:
        return found_version(subprocess.run(command, capture_output=True, text=True, timeout=20).stdout)
    except OSError:
        return ""


def cpu_of(name, rounds):
    return figures.median_of(rounds, "client_cpu_us" if name == "direct" else "cpu_us")


def point_table(outcome, name, kind):
    point = outcome["results"][name]
    rows = point[kind]
    floor = figures.floors(point, kind)
    counts_cpu = not name.startswith("1/")
    lines = [["", "calls/s", "p50 ms", "p99 ms", "CPU µs", "gateway/this", "this/F", "MiB", "MiB over idle"]]
    for entry in outcome["rows"]:
        rounds = rows.get(entry["name"], [])
        if not any(rounds):
            continue
        is_gateway_like = entry["name"] not in ("echo", "direct")
        rss = figures.median_of(rounds, "rss_mib") if entry["name"] != "direct" else None
        lines.append([
            entry["title"], figures.number(figures.median_of(rounds, "rate")), figures.number(figures.median_of(rounds, "p50_ms"), 2),
            figures.number(figures.median_of(rounds, "p99_ms"), 2),
            figures.number(cpu_of(entry["name"], rounds), 1) if counts_cpu else "",
            figures.number(figures.ratio(rows.get("gateway", []), rounds), 2) if counts_cpu and is_gateway_like else "",
            figures.number(figures.ratio(rounds, floor), 2) if counts_cpu and is_gateway_like else "",
            figures.number(rss), figures.number(None if rss is None else rss - entry["idle_mib"])])
    text = figures.table(lines)
    if any(floor):
        text += "\n\n" + floor_text(point, kind, floor)
    return text


def floor_text(point, kind, floor):
    parts = [p[kind] for p in point["parts"] if p]
    messages = figures.median((p["parse"] + p["serialize"]) / 1000 for p in parts)
    translation = figures.median((p["to_rest"] + p["from_rest"]) / 1000 for p in parts)
    echo = figures.median_of(point[kind]["echo"], "cpu_us")
    http = figures.median_of(point[kind]["direct"], "client_cpu_us")
    return (f"F = gRPC {figures.number(echo, 1)} + HTTP {figures.number(http, 1)} + protobuf {figures.number(messages, 1)} + translation "
            f"{figures.number(translation, 1)} = {figures.number(figures.median_of(floor, 'cpu_us'), 1)} µs")


def heading(name):
    in_flight, delay = name.split("/")
    return f"{int(in_flight):,} in flight, " + (f"upstream of {delay} ms" if int(delay) else "instant upstream")


def tables(outcome):
    out = []
    for name, point in outcome["results"].items():
        for kind, title in KINDS.items():
            out.append(f"### {heading(name)}: {title}\n\n{point_table(outcome, name, kind)}")
        if point["disturbed"]:
            out.append(f"{point['disturbed']} of {outcome['rounds']} rounds were disturbed by another process.")
    return "\n\n".join(out)


def text(outcome):
    """All of it, for the terminal."""
    return "\n\n".join([tables(outcome), goals.table_of(outcome), *notes(outcome)])


def history_text(history):
    lines = [["CPU per call or per byte", "without", "with", "ratio", ""]]
    for entry in history["entries"]:
        lines.append([
            entry["title"], f"{figures.number(entry['before'], 2)} {entry['unit']}",
            f"{figures.number(entry['after'], 2)} {entry['unit']}", figures.number(entry["ratio"], 3),
            "reached" if entry["ratio"] <= history["bound"] else "**not reached**"])
    text_of = figures.table(lines)
    if history["disturbed"]:
        text_of += f"\n\n{history['disturbed']} of {history['rounds']} rounds were disturbed by another process."
    return text_of


def notes(outcome):
    """A list, or nothing."""
    out = []
    for row, kinds in outcome["notes"].items():
        for kind, found in kinds.items():
            if found:
                out.append(f"- {row}, {KINDS[kind]}, received otherwise: {'; '.join(found)}")
    out += [f"- {row} is missing: {why}" for row, why in outcome["missing"].items()]
    out += [f"- failed, {where}: {why}" for where, why in outcome["failures"].items()]
    return ["\n".join(out)] if out else []
