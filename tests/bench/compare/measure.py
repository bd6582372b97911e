"""One measurement: load on one row, with every answer looked at."""

import json
import subprocess

import check

TARGETS = {kind: f"/sessiongateway.v1.SessionGateway/{rpc}" for kind, rpc in check.RPCS.items()}
REST = {
    "symphony": ("/platform/rest/symrest/v1/clientapi/session?applicationName=symping7.3.2&clusterId=c1", "200"),
    "qlik": ("/qrs/executionsession?privileges=true", "201"),
}
STREAMS_PER_CONNECTION = 64
CONNECTIONS_MIN = 8
EXTRA_SECONDS = 40  # for connections, warm-up and what is still under way at the end


class Failed(Exception):
    """A measurement that says nothing, with its reason."""


def connections(in_flight):
    return max(CONNECTIONS_MIN, -(-in_flight // STREAMS_PER_CONNECTION))


class Measurer:
    def __init__(self, bed):
        self.bed = bed

    def command(self, running, kind, in_flight, messages=None):
        """Of the load client, without what says how long."""
        messages = messages or self.bed.messages
        row = running.row
        command = [self.bed.bin / "bench-load", "--port", str(running.program.port), "--in-flight", str(in_flight)]
        if row.program == "direct":
            target, status = REST[kind]
            return [*command, "--http", "--target", target, "--status", status, "--request", messages / f"{kind}.body",
                    "--reply", messages / f"{kind}.json"]
        command += ["--target", TARGETS[kind], "--request", messages / f"{kind}.request",
                    "--connections", str(connections(in_flight))]
        if row.unique_id:
            command.append("--unique-id")
        if row.tls:
            command += ["--ca", self.bed.tls / "ca.pem"]
        return command

    def check(self, running, kind, messages=None):
        """Answers by their meaning; what load compares replies with, byte for byte, is the one that is right here."""
        if running.row.program == "direct":
            return
        reply = self.reply_file(running.row, kind)
        reply.unlink(missing_ok=True)
        result = self.run([*self.command(running, kind, 1, messages), "--calls", "3", "--warm-up", "0", "--seconds",
                           "5", "--reply-out", reply])
        self.raise_failures(result)
        check.check_reply(self.bed, running.row, kind, reply, messages)

    def load(self, running, others, kind, in_flight, seconds, warm_up, extra=(), messages=None):
        """What the load client reports; `others` are processes that may run meanwhile."""
        command = [*self.command(running, kind, in_flight, messages), "--seconds", str(seconds), "--warm-up", str(warm_up)]
        if running.row.program != "direct":
            command += ["--reply", self.reply_file(running.row, kind), "--gateway-pid", str(running.program.pid)]
        for other in others:
            if other.pid != running.program.pid or running.row.program == "direct":
                command += ["--known-pid", str(other.pid)]
        result = self.run([*command, *extra], seconds)
        self.raise_failures(result)
        return result

    def reply_file(self, row, kind):
        return self.bed.work / f"{row.name}.{kind}.reply"

    @staticmethod
    def run(command, seconds=5):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + EXTRA_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed("the load client does not end") from None
        if done.returncode != 0:
            raise Failed(done.stderr.strip()[-200:] or f"exit code {done.returncode}")
        return json.loads(done.stdout)

    @staticmethod
    def raise_failures(result):
        if result["failures"]:
            raise Failed(", ".join(f"{count} times {what}" for what, count in result["failures"].items()))
        if result["calls"] == 0:
            raise Failed("no call ended in time")


def parts(bed):
    """Nanoseconds of messages and their translation, by kind and part."""
    done = subprocess.run([bed.bin / "bench-parts", bed.messages], check=True, capture_output=True, text=True,
                          timeout=60)
    return json.loads(done.stdout)
