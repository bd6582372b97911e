"""Whether cost grows with bytes and not with history: each case is one load with and without something.

    history.py --build BUILD [--page FILE]

A large body against one of a tenth of its size, per byte; a ledger with a million entries against an empty one; ten
thousand idle connections against none; a gateway that has had a million calls against one that has just begun.
"""

import argparse
import dataclasses
import json
import pathlib
import signal
import sys

import bed as beds
import bench
import figures
import measure
import page
import programs
import report

ROUNDS = 5
BOUND = 1.10
MANY = 1_000_000
IDLE = 10_000
LARGE_BYTES = 1_000_000
SMALL_BYTES = 100_000
LARGE_IN_FLIGHT = 8
FILL_SECONDS = 900
# Room for the idle connections and those that carry calls.
CONNECTIONS = "limits: {connections: 11000, upstream_calls: 900}\npool: {connections: 1024}\n"
GATEWAY = programs.Row("gateway", "session-gateway", "gateway")


@dataclasses.dataclass(frozen=True)
class Side:
    running: bench.Running
    extra: tuple = ()
    messages: pathlib.Path = None


@dataclasses.dataclass(frozen=True)
class Case:
    title: str
    kind: str
    without: Side
    within: Side
    in_flight: int = 64
    per_byte: bool = False
    warm_up: float = 0.5


class History:
    def __init__(self, bed, calls):
        self.bed = bed
        self.calls = calls
        self.measurer = measure.Measurer(bed)
        self.programs = []

    def start(self, name, upstream, yaml="", unique_id=False):
        row = dataclasses.replace(GATEWAY, name=name, yaml=yaml, unique_id=unique_id)
        program = programs.start(self.bed, row, upstream)
        self.programs.append(program)
        return bench.Running(row, program, program.rss_mib())

    def upstream(self, name, messages=None):
        program = programs.Upstream(self.bed, name, messages=messages)
        self.programs.append(program)
        return program

    def stop(self):
        for program in reversed(self.programs):
            program.stop()

    def cases(self):
        plain = self.upstream("upstream")
        fresh = Side(self.start("history-fresh", plain))
        used = Side(self.start("history-used", plain))
        yield Case("a million calls of uptime", "symphony", fresh, used)
        few = Side(self.start("history-few", plain, programs.LEDGER, unique_id=True))
        many = Side(self.start("history-many", plain, programs.LEDGER, unique_id=True))
        yield Case("a million ledger entries", "symphony", few, many)
        crowded = self.start("history-crowded", plain, CONNECTIONS)
        yield Case("ten thousand idle connections", "symphony", Side(crowded),
                   Side(crowded, ("--idle", str(IDLE))), warm_up=2.5)
        sides = []
        for size in (SMALL_BYTES, LARGE_BYTES):
            messages = self.bed.grown_messages(size)
            upstream = self.upstream(f"upstream-{size}", messages)
            sides.append(Side(self.start(f"history-{size}", upstream), messages=messages))
        for kind, title in report.KINDS.items():
            yield Case(f"a body of 1 MB against one of 100 kB, per byte, {title}", kind, *sides, LARGE_IN_FLIGHT, True)

    def fill(self, side, kind):
        bench.say(f"{self.calls:,} calls for {side.running.row.name}")
        command = [*self.measurer.command(side.running, kind, 64), "--calls", str(self.calls), "--warm-up", "0", "--seconds",
                   str(FILL_SECONDS), "--reply", self.measurer.reply_file(side.running.row, kind)]
        result = self.measurer.run(command, FILL_SECONDS)
        self.measurer.raise_failures(result)
        if result["calls"] < self.calls:
            raise measure.Failed(f"only {result['calls']} calls in time")

    def run(self, case, side):
        others = [program for program in self.programs if program is not side.running.program]
        result = self.measurer.load(side.running, others, case.kind, case.in_flight, 2.0, case.warm_up, side.extra,
                                    side.messages)
        if case.per_byte:
            moved = sum((side.messages / f"{case.kind}.{part}").stat().st_size for part in ("body", "json"))
            result["cpu_us"] *= 1000 / moved  # nanoseconds a byte
        return result

    def measure(self):
        cases = list(self.cases())
        for case in cases:
            for side in (case.without, case.within):
                self.measurer.check(side.running, case.kind, side.messages)
        self.fill(cases[0].within, "symphony")
        self.fill(cases[1].within, "symphony")
        rounds = []
        for number in range(ROUNDS):
            rounds.append([(self.run(case, case.without), self.run(case, case.within)) for case in cases])
            bench.say(f"round {number + 1}")
        return self.outcome(cases, rounds)

    @staticmethod
    def outcome(cases, rounds):
        entries = []
        for i, case in enumerate(cases):
            without = [one[i][0] for one in rounds]
            within = [one[i][1] for one in rounds]
            entries.append({
                "title": case.title, "unit": "ns" if case.per_byte else "µs", "ratio": figures.ratio(within, without),
                "before": figures.median_of(without, "cpu_us"), "after": figures.median_of(within, "cpu_us")})
        disturbed = sum(any(figures.is_disturbed(run) for pair in one for run in pair) for one in rounds)
        return {"entries": entries, "bound": BOUND, "rounds": ROUNDS, "disturbed": disturbed}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--calls", type=int, default=MANY, help="fewer are for trying it out")
    parser.add_argument("--page", type=pathlib.Path, help="the page whose generated part is replaced")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bed = beds.Bed(chosen.build)
    bed.prepare(peers=False)
    history = History(bed, chosen.calls)
    try:
        outcome = history.measure()
    finally:
        history.stop()
    (bed.work / "history.json").write_text(json.dumps(outcome, indent=1))
    print(report.history_text(outcome))
    if chosen.page and (bed.work / "result.json").exists():
        page.write(bed.work, chosen.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
