"""The arithmetic of the bench, its comparison of answers, its page and its pictures; no program runs here."""

import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import bench
import check
import figures
import goals
import history
import page
import plot
import programs
import report

PARTS = {"parse": 1000, "serialize": 1000, "to_rest": 2000, "from_rest": 6000}  # 10 µs


def run(cpu, **others):
    return {"cpu_us": cpu, "client_cpu_us": 5, "rate": 1000, "p50_ms": 1, "p99_ms": 2, "rss_mib": 30, "foreign_share": 0,
            "stolen_share": 0, **others}


def point(**cpu_of_rows):
    """The same rounds for both bodies."""
    rows = {name.replace("_", "-"): [run(cpu) if cpu else None for cpu in rounds]
            for name, rounds in cpu_of_rows.items()}
    count = len(next(iter(rows.values())))
    return {"symphony": rows, "qlik": rows, "disturbed": 0, "parts": [{"symphony": PARTS, "qlik": PARTS}] * count}


def outcome(**points):
    names = ("gateway", "go", "vanguard", "envoy-2", "echo", "direct")
    return {"rows": [{"name": name, "title": f"the {name}", "idle_mib": 20} for name in names], "missing": {},
            "failures": {}, "notes": {}, "rounds": 3, "versions": {"Go": "go1", "Envoy": ""}, "results": points,
            "machine": {"cores": 2, "model": "Kind", "kernel": "6"}}


class Figures(unittest.TestCase):
    def test_ratio_is_formed_within_a_round(self):
        # Each round has the same ratio on a machine that slows down; the ratio of the medians would be 1.
        gateway = [run(10), run(20), run(40)]
        other = [run(20), run(40), run(80)]
        self.assertEqual(figures.ratio(gateway, other), 0.5)
        self.assertEqual(figures.ratio([run(10), run(30), run(20)], [run(20), run(10), run(40)]), 0.5)

    def test_round_that_failed_is_left_out(self):
        self.assertEqual(figures.ratio([None, run(10), run(30)], [run(1), run(20), None]), 0.5)
        self.assertIsNone(figures.ratio([None], [run(1)]))
        self.assertEqual(figures.median_of([None, run(3)], "cpu_us"), 3)

    def test_floor_is_the_sum_of_the_parts(self):
        self.assertEqual(figures.floor(run(12), run(0, client_cpu_us=6), PARTS), {"cpu_us": 28})
        self.assertIsNone(figures.floor(run(12), None, PARTS))

    def test_disturbed_rounds_are_the_last_to_be_kept(self):
        rounds = [{"disturbance": d, "at": i} for i, d in enumerate([0.5, 0.1, 0.9, 0.0])]
        self.assertEqual([r["at"] for r in figures.best_rounds(rounds, 2)], [1, 3])

    def test_another_process_and_a_stolen_core_disturb(self):
        self.assertFalse(figures.is_disturbed(run(1, foreign_share=0.05)))
        self.assertTrue(figures.is_disturbed(run(1, foreign_share=0.2)))
        self.assertTrue(figures.is_disturbed(run(1, stolen_share=0.2)))


class Repeats(unittest.TestCase):
    def test_only_disturbed_rounds_are_repeated_within_time_and_bound(self):
        plan = bench.Plan(("gateway",), (), rounds=3, extra_rounds=2, seconds=1000)
        runner = bench.Bench(None, plan)
        self.assertTrue(runner.may_repeat(3, 2, 900))
        self.assertFalse(runner.may_repeat(3, 3, 900))
        self.assertFalse(runner.may_repeat(5, 0, 900))
        self.assertFalse(runner.may_repeat(3, 2, 1001))

    def test_time_of_a_round_counts_the_rows_of_the_point(self):
        runner = bench.Bench(None, bench.FULL)
        runner.running = [bench.Running(row, None, 0) for row in programs.ROWS]
        loaded = bench.Point(64, 0, 1, 0.85)
        slow = bench.Point(64, 200, 1, 0.85)
        self.assertEqual(runner.seconds_of(loaded), 2 * 2 * len(programs.ROWS))
        self.assertLess(runner.seconds_of(slow), runner.seconds_of(loaded))

    def test_every_row_of_a_plan_and_every_point_of_a_row_exists(self):
        rows = {row.name: row for row in programs.ROWS}
        points = {p.name for p in bench.FULL.points}
        for plan in (bench.FULL, bench.QUICK, bench.SMOKE):
            self.assertLessEqual(set(plan.rows), set(rows))
        for row in rows.values():
            self.assertLessEqual(set(row.only), points)


class Check(unittest.TestCase):
    def test_kinds_of_differences(self):
        want = {"a": 8, "b": "2000-01-23T04:56:07.000Z", "c": ["T", "4"], "d": 20.0, "e": True, "f": "x"}
        got = {"a": "8", "b": "2000-01-23T04:56:07Z", "c": {"t": "4"}, "d": 20, "e": True, "g": 1}
        self.assertEqual(check.differences(want, got), [
            ("/a", "integer in quotes"), ("/b", "date in another form"), ("/c", "object in place of a pair"),
            ("/f", "missing"), ("/g", "not meant")])

    def test_true_is_not_one_and_values_differ(self):
        self.assertEqual(check.differences({"a": True}, {"a": 1}), [("/a", "another value")])
        self.assertEqual(check.differences({"a": [1]}, {"a": [1, 2]}), [("/a", "another value")])

    def test_received_names_chunks_query_and_counts(self):
        head = b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(check.received(head + b'{"a":"1","b":"2"}', b'{"a":1,"b":2}'),
                         ["body in chunks, without a length", "no query", "integer in quotes: 2, such as `/a`"])
        self.assertEqual(check.received(b'POST /x?a=b HTTP/1.1\r\nHost: h\r\n\r\n{"a":1}', b'{"a": 1}'), [])

    def test_varint(self):
        self.assertEqual(check.varint(5), b"\x05")
        self.assertEqual(check.varint(300), b"\xac\x02")


class Goals(unittest.TestCase):
    def found(self, **points):
        return {goal.text: goal for goal in goals.of(outcome(**points))}

    def test_cpu_against_the_best_generic_peer_go_and_floor(self):
        found = self.found(**{"64/0": point(
            gateway=[40, 40, 40], go=[80, 80, 80], vanguard=[160, 160, 160], envoy_2=[100, 100, 100],
            echo=[10, 10, 10], direct=[1, 1, 1])})
        generic = found["Symphony: CPU per call, of the best generic peer's (envoy-2)"]
        self.assertAlmostEqual(generic.found, 0.4)
        self.assertFalse(generic.reached)
        self.assertTrue(found["Symphony: CPU per call, of the Go program's"].reached)
        self.assertAlmostEqual(found["Qlik: CPU per call, of F"].found, 1.6)

    def test_slow_upstream(self):
        slow = point(gateway=[1], direct=[1])
        slow["symphony"]["gateway"][0].update(rate=950, p99_ms=250, rss_mib=100)
        found = self.found(**{"2000/200": slow})
        title = "Symphony, 2,000 in flight, 200 ms"
        self.assertTrue(found[f"{title}: rate, of the client's without a gateway"].reached)
        self.assertEqual(found[f"{title}: p99, of the upstream's delay"].found, 1.25)
        self.assertEqual(found[f"{title}: MiB above idle"].found, 80)
        self.assertTrue(found[f"{title}: MiB above idle"].reached)

    def test_memory_is_held_against_100_megabytes(self):
        slow = point(gateway=[1], direct=[1])
        slow["symphony"]["gateway"][0].update(rss_mib=20 + 100e6 / 2**20 + 0.1)
        found = self.found(**{"2000/200": slow})
        self.assertFalse(found["Symphony, 2,000 in flight, 200 ms: MiB above idle"].reached)

    def test_latency_is_what_is_added(self):
        single = point(gateway=[1], envoy_2=[1], direct=[1])
        for name, p50 in (("gateway", 0.3), ("envoy-2", 0.9), ("direct", 0.1)):
            single["symphony"][name][0]["p50_ms"] = p50
        found = self.found(**{"1/0": single})
        goal = found["Symphony: latency added at one in flight, of the best generic peer's (envoy-2)"]
        self.assertAlmostEqual(goal.found, 0.25)

    def test_what_did_not_run_is_not_claimed(self):
        self.assertEqual(goals.of(outcome()), [])
        self.assertEqual(list(self.found(**{"64/0": point(gateway=[40])})), [])


class Pages(unittest.TestCase):
    RUN = outcome(**{"64/0": point(gateway=[40], go=[80], vanguard=[None], echo=[10], direct=[1])})

    def test_only_the_generated_part_changes(self):
        text = f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n"
        new = page.replaced(text, "new")
        self.assertEqual(new, f"before\n{page.BEGIN}\n\nnew\n\n{page.END}\nafter\n")
        self.assertEqual(page.replaced(new, "new"), new)
        with self.assertRaises(ValueError):
            page.replaced("without a place", "new")

    def test_page_has_figures_and_pictures_and_no_row_that_failed(self):
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            (work / "result.json").write_text(json.dumps(self.RUN))
            target = work / "performance.md"
            target.write_text(f"{page.BEGIN}\n{page.END}\n")
            page.write(work, target)
            text = target.read_text()
            self.assertIn("2 cores, Kind, Linux 6", text)
            self.assertRegex(text, r"\| the go +\| 1,000 .*\| 80\.0 +\| 0\.50 +\| 3\.20 ")
            self.assertNotIn("the vanguard", text)
            self.assertIn("F = gRPC 10.0 + HTTP 5.0 + protobuf 2.0 + translation 8.0 = 25.0 µs", text)
            light = (work / "performance-light.svg").read_text()
            self.assertNotEqual(light, (work / "performance-dark.svg").read_text())

    def test_no_processor_time_at_one_in_flight(self):
        single = outcome(**{"1/0": point(gateway=[40])})
        self.assertNotIn("40.0", report.point_table(single, "1/0", "symphony"))

    def test_bars_are_as_long_as_their_values(self):
        drawn = plot.svg([("P", [("a <b>", 50, True), ("c", 100, False)], 25)], "light")
        root = xml.etree.ElementTree.fromstring(drawn)
        bars = [float(e.get("width")) for e in root.iter("{http://www.w3.org/2000/svg}rect")]
        self.assertAlmostEqual(bars[0] * 2, bars[1], delta=0.2)
        self.assertIn("a &lt;b&gt;", drawn)
        self.assertEqual(drawn, plot.svg([("P", [("a <b>", 50, True), ("c", 100, False)], 25)], "light"))

    def test_history_is_judged_by_its_bound(self):
        case = history.Case("entries", "symphony", None, None)
        pairs = [[(run(100), run(105))], [(run(200), run(240))], [(run(100), run(109))]]
        found = history.History.outcome([case], pairs)
        self.assertAlmostEqual(found["entries"][0]["ratio"], 1.09)
        self.assertIn("| reached", report.history_text(found))
        self.assertIn("not reached", report.history_text({**found, "bound": 1.05}))


if __name__ == "__main__":
    unittest.main()
