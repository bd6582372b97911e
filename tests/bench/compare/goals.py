"""What the gateway is to reach, each as a ratio within one run, and what it has reached."""

import dataclasses

import figures

KINDS = {"symphony": "Symphony", "qlik": "Qlik"}
GENERIC = ("vanguard", "envoy-1", "envoy-2")
PEERS = (*GENERIC, "go")
DELAY_MS = 200
LOADED = "64/0"
SINGLE = "1/0"
SLOW = f"2000/{DELAY_MS}"
MEMORY_MIB = 95  # 100 MB are 95.4


@dataclasses.dataclass(frozen=True)
class Goal:
    text: str
    bound: float
    found: float
    digits: int = 2
    at_least: bool = False

    @property
    def reached(self):
        return self.found >= self.bound if self.at_least else self.found <= self.bound


def of(outcome):
    """The goals that the outcome says something about."""
    goals = []
    for kind in KINDS:
        goals += [goal for goal in (*cpu_goals(outcome, kind), *latency_goals(outcome, kind),
                                    *slow_goals(outcome, kind)) if goal.found is not None]
    return goals


def rounds_of(outcome, point, kind, row):
    return outcome["results"].get(point, {}).get(kind, {}).get(row, [])


def best(rows_by_name, key):
    """The name of the row with the least median, or None."""
    medians = {name: figures.median_of(rounds, key) for name, rounds in rows_by_name.items()}
    known = {name: value for name, value in medians.items() if value is not None}
    return min(known, key=known.get) if known else None


def cpu_goals(outcome, kind):
    title = KINDS[kind]
    gateway = rounds_of(outcome, LOADED, kind, "gateway")
    generic = {name: rounds_of(outcome, LOADED, kind, name) for name in GENERIC}
    chosen = best(generic, "cpu_us")
    if chosen:
        yield Goal(f"{title}: CPU per call, of the best generic peer's ({chosen})", 0.35,
                   figures.ratio(gateway, generic[chosen]))
    go_bound = 0.7 if kind == "symphony" else 0.55
    yield Goal(f"{title}: CPU per call, of the Go program's", go_bound,
               figures.ratio(gateway, rounds_of(outcome, LOADED, kind, "go")))
    if LOADED in outcome["results"]:
        floor = figures.floors(outcome["results"][LOADED], kind)
        yield Goal(f"{title}: CPU per call, of F", 1.6, figures.ratio(gateway, floor))
    yield Goal(f"{title}: CPU per call with TLS on both sides, of that without", 1.35,
               figures.ratio(rounds_of(outcome, LOADED, kind, "gateway-tls"), gateway))
    yield Goal(f"{title}: CPU per call with two pairs, of that with one", 1.1,
               figures.ratio(rounds_of(outcome, LOADED, kind, "gateway-threads"), gateway))


def added(rounds, direct):
    """Latency beyond that of the client without a gateway, of each round."""
    return [{"added": run["p50_ms"] - base["p50_ms"]} if run and base else None
            for run, base in zip(rounds, direct)]


def latency_goals(outcome, kind):
    title = KINDS[kind]
    direct = rounds_of(outcome, SINGLE, kind, "direct")
    generic = {name: added(rounds_of(outcome, SINGLE, kind, name), direct) for name in GENERIC}
    chosen = best(generic, "added")
    if chosen:
        gateway = added(rounds_of(outcome, SINGLE, kind, "gateway"), direct)
        yield Goal(f"{title}: latency added at one in flight, of the best generic peer's ({chosen})", 0.5,
                   figures.ratio(gateway, generic[chosen], "added"))
    peers = {name: rounds_of(outcome, LOADED, kind, name) for name in PEERS}
    quickest = best(peers, "p99_ms")
    if quickest:
        yield Goal(f"{title}: p99 at 64 in flight, of the best peer's ({quickest})", 1.0,
                   figures.ratio(rounds_of(outcome, LOADED, kind, "gateway"), peers[quickest], "p99_ms"))


def slow_goals(outcome, kind):
    title = f"{KINDS[kind]}, 2,000 in flight, {DELAY_MS} ms"
    gateway = rounds_of(outcome, SLOW, kind, "gateway")
    direct = rounds_of(outcome, SLOW, kind, "direct")
    yield Goal(f"{title}: rate, of the client's without a gateway", 0.9, figures.ratio(gateway, direct, "rate"),
               at_least=True)
    p99 = figures.median_of(gateway, "p99_ms")
    yield Goal(f"{title}: p99, of the upstream's delay", 1.3, None if p99 is None else p99 / DELAY_MS)
    memory = figures.median_of(gateway, "rss_mib")
    idle = next((row["idle_mib"] for row in outcome["rows"] if row["name"] == "gateway"), None)
    yield Goal(f"{title}: MiB above idle", MEMORY_MIB, None if memory is None or idle is None else memory - idle,
               digits=0)


def table_of(outcome):
    lines = [["Goal", "bound", "found", ""]]
    for goal in of(outcome):
        sign = "≥" if goal.at_least else "≤"
        lines.append([goal.text, f"{sign} {figures.number(goal.bound, goal.digits)}",
                      figures.number(goal.found, goal.digits), "reached" if goal.reached else "**not reached**"])
    return figures.table(lines)
