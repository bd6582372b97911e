"""The programs that are measured, as processes on loopback with free ports.

A row is one of them in one configuration: a line of ROWS is all that a further one needs.
"""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import envoy

START_SECONDS = 20
STOP_SECONDS = 10

# Beyond the defaults only where a run needs it: a quick machine makes more request_ids in a run than the ledger keeps.
LEDGER = "creates: {ledger_entries: 4000000, ledger_bytes: 8192MiB}\n"


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    program: str  # gateway, go, vanguard, envoy, echo, direct
    yaml: str = ""  # of the gateway, beside listener and endpoints
    unique_id: bool = False
    tls: bool = False
    concurrency: int = 0  # of Envoy
    only: tuple = ()  # the points that it is measured at; none named: all


ROWS = [
    Row("gateway", "session-gateway", "gateway"),
    Row("gateway-id", "session-gateway, `request_id`", "gateway", LEDGER, unique_id=True),
    Row("gateway-threads", "session-gateway, `threads: 2`", "gateway", "threads: 2\n"),
    Row("gateway-httplib", "session-gateway, `httplib`", "gateway", "upstream: {engine: httplib}\n"),
    Row("gateway-tls", "session-gateway, TLS on both sides", "gateway", tls=True,
        only=("1/0", "64/0", "512/0", "2000/0")),
    Row("go", "Go by hand", "go"),
    Row("vanguard", "vanguard-go", "vanguard"),
    Row("envoy-1", "Envoy, concurrency 1", "envoy", concurrency=1, only=("1/0", "64/0")),
    Row("envoy-2", "Envoy, concurrency 2", "envoy", concurrency=2),
    Row("echo", "gRPC echo alone", "echo", only=("64/0",)),
    Row("direct", "HTTP client, no gateway", "direct"),
]


class Missing(Exception):
    """What cannot be had here, in words."""


class Program:
    """A process that says its port, and its log."""

    def __init__(self, command, log, environment=None):
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        self.port = 0

    def wait_for(self, find):
        """What `find` makes of the log, as soon as it is anything."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            found = find(self.log.read_text(errors="replace"))
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise Missing(f"{self.log.stem} does not start: {self.log.read_text(errors='replace')[-300:]}")

    def wait_for_port(self, pattern=r"^port (\d+)$"):
        def find(text):
            match = re.search(pattern, text, re.M)
            return int(match.group(1)) if match else None
        self.port = self.wait_for(find)
        return self

    def rss_mib(self):
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Upstream(Program):
    """Both REST APIs; with TLS when it has a certificate."""

    def __init__(self, bed, name, tls=False, messages=None):
        messages = messages or bed.messages
        command = [bed.bin / "bench-upstream", "--symphony", messages / "symphony.json",
                   "--qlik", messages / "qlik.json"]
        if tls:
            command += ["--cert", bed.tls / "server.pem", "--key", bed.tls / "server_key.pem",
                        "--ca", bed.tls / "ca.pem"]
        super().__init__(command, bed.work / f"{name}.log")
        self.wait_for_port()
        self.tls = tls
        self.bed = bed

    def ask(self, what):
        if self.tls:
            raise ValueError("the one with TLS is not asked")
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/bench/{what}", timeout=10) as answer:
            return answer.read()

    def set_delay(self, milliseconds):
        self.ask(f"delay/{milliseconds}")


def start_gateway(bed, row, upstream):
    scheme = "https" if row.tls else "http"
    host = "localhost" if row.tls else "127.0.0.1"
    trust = f"  tls: {{ca_file: '{bed.tls}/ca.pem'}}\n" if row.tls else ""
    # Qlik knows its callers by their certificates.
    known = (f"  tls: {{ca_file: '{bed.tls}/ca.pem', cert_file: '{bed.tls}/client.pem', "
             f"key_file: '{bed.tls}/client_key.pem'}}\n" if row.tls else "")
    listen_tls = (f"  tls: {{cert_file: '{bed.tls}/server.pem', key_file: '{bed.tls}/server_key.pem'}}\n"
                  if row.tls else "")
    config = bed.work / f"{row.name}.yaml"
    config.write_text(
        f"listen:\n  address: 127.0.0.1:0\n{listen_tls}"
        f"symphony:\n  endpoints: ['{scheme}://{host}:{upstream.port}']\n{trust}"
        f"qlik:\n  endpoints: ['{scheme}://{host}:{upstream.port}']\n{known}"
        f"  auth: {{user_directory: INTERNAL, user_id: sa_api}}\n{row.yaml}")
    program = Program([bed.bin / "session-gateway", "--config", config], bed.work / f"{row.name}.log")
    return program.wait_for_port(r'"msg":"listening".*"address":"127\.0\.0\.1:(\d+)"')


def start_go(bed, row, upstream):
    program = bed.work / "peers/bin" / ("gateway" if row.program == "go" else row.program)
    if not program.exists():
        raise Missing(bed.why_no_go or "it was not built")
    return Program([program, f"127.0.0.1:{upstream.port}"], bed.work / f"{row.name}.log",
                   {"GOGC": "400"}).wait_for_port()


def start_envoy(bed, row, upstream):
    program = bed.envoy()
    if program is None:
        raise Missing("Envoy cannot be fetched here")
    config = bed.work / f"{row.name}.json"
    config.write_text(json.dumps(envoy.config(upstream.port, str(bed.work / "envoy.binpb"))))
    admin = bed.work / f"{row.name}.admin"
    admin.unlink(missing_ok=True)
    started = Program([program, "-c", config, "--concurrency", str(row.concurrency), "--disable-hot-restart",
                       "--admin-address-path", admin, "--log-level", "warning"], bed.work / f"{row.name}.log")
    address = started.wait_for(lambda _: admin.read_text() if admin.exists() else "")
    started.port = started.wait_for(lambda _: envoy.listener_port(address))
    return started


def start_echo(bed, row, _):
    command = [bed.bin / "bench-echo", "--symphony", bed.messages / "symphony.reply",
               "--qlik", bed.messages / "qlik.reply"]
    return Program(command, bed.work / f"{row.name}.log").wait_for_port()


STARTERS = {
    "gateway": start_gateway,
    "go": start_go,
    "vanguard": start_go,
    "envoy": start_envoy,
    "echo": start_echo,
    "direct": lambda bed, row, upstream: upstream,
}


def start(bed, row, upstream):
    return STARTERS[row.program](bed, row, upstream)
