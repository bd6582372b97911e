"""The load client sees each wrong answer, and the upstream reads and waits as it is told.

Environment: SESSION_GATEWAY_BUILD, the build folder.
"""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import bed as beds
import check
import measure
import programs

ECHO = programs.Row("load-test-echo", "", "echo")
DIRECT = programs.Row("load-test-direct", "", "direct")


class Running:
    def __init__(self, row, program):
        self.row = row
        self.program = program


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = beds.Bed(os.environ["SESSION_GATEWAY_BUILD"])
        cls.bed.prepare(peers=False)
        cls.upstream = programs.Upstream(cls.bed, "load-test-upstream")
        cls.echo = programs.start(cls.bed, ECHO, None)
        cls.measurer = measure.Measurer(cls.bed)

    @classmethod
    def tearDownClass(cls):
        cls.upstream.stop()
        cls.echo.stop()
        cls.bed.release()

    def load(self, row, kind, *flags, in_flight=4):
        """Later flags take the place of earlier ones."""
        running = Running(row, self.echo if row is ECHO else self.upstream)
        command = self.measurer.command(running, kind, in_flight)
        names = {flag for flag in flags if str(flag).startswith("--")}
        kept = [part for i, part in enumerate(command) if part not in names and command[i - 1] not in names]
        return self.measurer.run([*kept, *flags, "--seconds", "0.15", "--warm-up", "0.05"])

    def reply(self, name):
        return self.bed.messages / name

    def test_right_answers(self):
        for kind in check.RPCS:
            grpc = self.load(ECHO, kind, "--reply", self.reply(f"{kind}.reply"), "--gateway-pid", str(self.echo.pid))
            self.assertEqual(grpc["failures"], {})
            self.assertGreater(grpc["calls"], 100)
            self.assertGreater(grpc["cpu_us"], 0)
            http = self.load(DIRECT, kind)
            self.assertEqual(http["failures"], {})
            self.assertGreater(http["calls"], 100)

    def test_other_bytes(self):
        wrong = self.reply("qlik.reply")
        self.assertEqual(list(self.load(ECHO, "symphony", "--reply", wrong)["failures"]), ["the reply differs"])
        self.assertEqual(list(self.load(DIRECT, "symphony", "--reply", wrong)["failures"]), ["the reply differs"])

    def test_other_status(self):
        unknown = self.load(ECHO, "symphony", "--target", "/sessiongateway.v1.SessionGateway/Nothing")
        self.assertEqual(list(unknown["failures"]), ["grpc-status 12"])
        self.assertEqual(list(self.load(DIRECT, "qlik", "--status", "200")["failures"]), ["http 201"])

    def test_peer_that_goes_away(self):
        # An upstream of HTTP/1.1 takes no HTTP/2; nothing is counted as an answer.
        result = self.load(ECHO, "symphony", "--port", str(self.upstream.port))
        self.assertEqual(result["calls"], 0)
        self.assertTrue(result["failures"])

    def test_delay(self):
        self.upstream.set_delay(40)
        try:
            slow = self.load(DIRECT, "symphony")
        finally:
            self.upstream.set_delay(0)
        self.assertGreaterEqual(slow["p50_ms"], 40)
        self.assertEqual(slow["failures"], {})

    def test_upstream_keeps_what_it_received(self):
        self.load(DIRECT, "qlik", "--calls", "1")
        body = self.reply("qlik.body").read_bytes()
        self.assertEqual(check.received(self.upstream.ask("last"), body), [])


if __name__ == "__main__":
    unittest.main()
