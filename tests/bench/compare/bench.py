"""Compares the gateway with its peers and with the floor, in interleaved rounds.

    bench.py --build BUILD [--quick | --smoke] [--rows NAME,…] [--points 64/0,…] [--rounds N] [--page FILE]

Each row is a program on loopback before one upstream. A round measures all rows one after the other; what counts are
medians over rounds, and ratios formed within a round. A round in which something else used the processor is repeated.
"""

import argparse
import dataclasses
import json
import pathlib
import signal
import sys
import time

import bed as beds
import check
import figures
import measure
import page
import programs
import report

KINDS = ("symphony", "qlik")
START_SECONDS = 0.15  # of a measurement, for its connections and its end


@dataclasses.dataclass(frozen=True)
class Point:
    """One load: calls in flight, the upstream's delay, and how long."""
    in_flight: int
    delay_ms: int
    seconds: float
    warm_up: float

    @property
    def name(self):
        return f"{self.in_flight}/{self.delay_ms}"


@dataclasses.dataclass(frozen=True)
class Plan:
    rows: tuple
    points: tuple
    rounds: int
    extra_rounds: int  # at most so many a point, for disturbed ones
    seconds: float  # no round is repeated that would make the run longer


ALL = tuple(row.name for row in programs.ROWS)
FULL = Plan(
    rows=ALL,
    points=(Point(1, 0, 0.8, 0.2), Point(64, 0, 2.0, 0.4), Point(512, 0, 1.0, 0.4), Point(2000, 0, 1.2, 0.5),
            Point(1, 200, 0.9, 0.2), Point(64, 200, 1.0, 0.4), Point(512, 200, 1.0, 0.4), Point(2000, 200, 1.6, 0.7)),
    rounds=5, extra_rounds=1, seconds=24 * 60)
QUICK = Plan(
    rows=("gateway", "go", "vanguard", "envoy-2", "echo", "direct"),
    points=(Point(64, 0, 1.5, 0.4),), rounds=3, extra_rounds=2, seconds=110)
SMOKE = Plan(
    rows=("gateway", "gateway-id", "gateway-threads", "gateway-httplib", "gateway-tls", "echo", "direct"),
    points=(Point(64, 0, 0.1, 0.05),), rounds=1, extra_rounds=0, seconds=0)


@dataclasses.dataclass
class Running:
    row: programs.Row
    program: programs.Program
    idle_mib: float


class Bench:
    def __init__(self, bed, plan):
        self.bed = bed
        self.plan = plan
        self.measurer = measure.Measurer(bed)
        self.upstreams = []
        self.running = []
        self.missing = {}  # row: why
        self.failures = {}  # (row, point, kind): why
        self.notes = {}  # row: kind: what the upstream received
        self.results = {}  # point: kind: row: one for each round
        self.began = time.monotonic()
        self.wrong = False

    def start(self):
        plain = programs.Upstream(self.bed, "upstream")
        encrypted = programs.Upstream(self.bed, "upstream-tls", tls=True)
        self.upstreams = [plain, encrypted]
        for row in programs.ROWS:
            if row.name not in self.plan.rows:
                continue
            try:
                program = programs.start(self.bed, row, encrypted if row.tls else plain)
                self.running.append(Running(row, program, program.rss_mib()))
            except programs.Missing as why:
                self.missing[row.name] = str(why)
                say(f"{row.name} is missing: {why}")

    def stop(self):
        for program in [*(running.program for running in self.running), *self.upstreams]:
            program.stop()

    def check_all(self):
        """Every row's answers, and what its upstream got; a row that is wrong is not measured."""
        for running in list(self.running):
            try:
                for kind in KINDS:
                    self.measurer.check(running, kind)
                    self.note_received(running, kind)
            except (measure.Failed, check.WrongAnswer) as why:
                self.missing[running.row.name] = f"it does not answer right: {why}"
                self.wrong = True
                say(f"{running.row.name}: {why}")
                self.running.remove(running)
                if running.program not in self.upstreams:
                    running.program.stop()

    def note_received(self, running, kind):
        if running.row.program in ("direct", "echo") or running.row.tls:
            return
        last = self.upstreams[0].ask("last")
        body = (self.bed.messages / f"{kind}.body").read_bytes()
        self.notes.setdefault(running.row.name, {})[kind] = check.received(last, body)

    def measure_all(self, save):
        """What there is after each point is saved, for the run is long."""
        for number, point in enumerate(self.plan.points):
            left = sum(self.seconds_of(later) for later in self.plan.points[number + 1:]) * self.plan.rounds
            self.upstreams[0].set_delay(point.delay_ms)
            rounds = []
            tried = 0
            wanted = self.plan.rounds
            while tried < wanted or self.may_repeat(
                    tried, sum(not r["disturbed"] for r in rounds), self.seconds_of(point) + left):
                rounds.append(self.round(point))
                tried += 1
                say(f"{point.name}: round {tried}{', disturbed' if rounds[-1]['disturbed'] else ''}")
            kept = figures.best_rounds(rounds, wanted)
            names = [running.row.name for running in self.running]
            self.results[point.name] = {
                **{kind: {name: [r[kind].get(name) for r in kept] for name in names} for kind in KINDS},
                "disturbed": sum(r["disturbed"] for r in kept), "parts": [r["parts"] for r in kept]}
            save(self.outcome())

    def rows_at(self, point):
        return [running for running in self.running if not running.row.only or point.name in running.row.only]

    def seconds_of(self, point):
        """About what a round takes."""
        return len(self.rows_at(point)) * len(KINDS) * (point.seconds + point.warm_up + START_SECONDS)

    def may_repeat(self, tried, undisturbed, seconds_left):
        """Whether one more round is of use, within the bounds of rounds and time."""
        in_time = time.monotonic() - self.began + seconds_left < self.plan.seconds
        return in_time and undisturbed < self.plan.rounds and tried < self.plan.rounds + self.plan.extra_rounds

    def round(self, point):
        result = {kind: {} for kind in KINDS}
        others = [*(running.program for running in self.running if running.row.program != "direct"), *self.upstreams]
        for running in self.rows_at(point):
            for kind in KINDS:
                try:
                    result[kind][running.row.name] = self.measurer.load(
                        running, others, kind, point.in_flight, point.seconds, point.warm_up)
                except measure.Failed as why:
                    self.failures[f"{running.row.name} {point.name} {kind}"] = str(why)
                    say(f"{running.row.name}, {point.name}, {kind}: {why}")
        result["parts"] = measure.parts(self.bed) if point.in_flight == 64 and not point.delay_ms else None
        runs = [run for kind in KINDS for run in result[kind].values()]
        result["disturbance"] = sum(max(run["foreign_share"], 0) + run["stolen_share"] for run in runs)
        result["disturbed"] = any(figures.is_disturbed(run) for run in runs)
        return result

    def outcome(self):
        return {
            "rows": [{"name": r.row.name, "title": r.row.title, "idle_mib": r.idle_mib} for r in self.running],
            "missing": self.missing, "failures": self.failures, "notes": self.notes, "results": self.results,
            "rounds": self.plan.rounds, "machine": report.machine(), "versions": report.versions(self.bed),
        }


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def flags():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--quick", action="store_true", help="fewer rows, at 64 in flight only")
    parser.add_argument("--smoke", action="store_true", help="the rows that need no tool of others answer right")
    parser.add_argument("--rows", help="only these, with commas")
    parser.add_argument("--points", help="only these, in flight/delay in ms, with commas: 64/0,2000/200")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--page", type=pathlib.Path, help="the page whose generated part is replaced")
    return parser.parse_args()


def plan_of(chosen):
    plan = QUICK if chosen.quick else SMOKE if chosen.smoke else FULL
    if chosen.rows:
        plan = dataclasses.replace(plan, rows=tuple(chosen.rows.split(",")))
    if chosen.points:
        wanted = chosen.points.split(",")
        plan = dataclasses.replace(plan, points=tuple(point for point in plan.points if point.name in wanted))
    if chosen.rounds:
        plan = dataclasses.replace(plan, rounds=chosen.rounds, extra_rounds=0)
    return plan


def plan_name(chosen):
    """Only the whole run is what the page is made of."""
    if chosen.rows or chosen.points or chosen.rounds:
        return "part"
    return "quick" if chosen.quick else "smoke" if chosen.smoke else "result"


def main():
    chosen = flags()
    # So that an end from outside stops the programs, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bed = beds.Bed(chosen.build)
    bed.prepare(peers=not chosen.smoke)
    bench = Bench(bed, plan_of(chosen))
    result = bed.work / f"{plan_name(chosen)}.json"
    try:
        bench.start()
        bench.check_all()
        bench.measure_all(lambda outcome: result.write_text(json.dumps(outcome, indent=1)))
        bench.check_all()
    finally:
        bench.stop()
    outcome = bench.outcome()
    result.write_text(json.dumps(outcome, indent=1))
    print(report.text(outcome))
    if chosen.page and plan_name(chosen) == "result":
        page.write(bed.work, chosen.page)
    # A peer that cannot be had here is no failure; what answers wrong or fails under load is.
    return 1 if bench.failures or bench.wrong or (chosen.smoke and bench.missing) else 0


if __name__ == "__main__":
    sys.exit(main())
