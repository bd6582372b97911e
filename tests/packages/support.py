"""What the tests of packages share: commands, installations, and the gateway as somebody runs it."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SESSION_GATEWAY_BUILD"]).resolve()
WORK = BUILD / "package-tests"
PATIENCE = 30  # seconds, for a program to say or do something
SKIPPED = 77  # what CTest is told


def skip(what, why):
    """Ends a test program that cannot run here, unless it must."""
    WORK.mkdir(exist_ok=True)
    text = f"test {what} did not run: {why}\n"
    (WORK / f"{what}.skipped").write_text(text)
    print(text)
    sys.exit(1 if os.environ.get("SESSION_GATEWAY_REQUIRE_PACKAGES") == "1" else SKIPPED)


def main(what):
    """Runs the tests of the calling module, which is no longer said to be skipped."""
    WORK.mkdir(exist_ok=True)
    (WORK / f"{what}.skipped").unlink(missing_ok=True)
    unittest.main(module="__main__")


def run(*command, code=0, env=None, **options):
    """The output of a command, both streams together. It must end with this code."""
    ended = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=600,
        env={**os.environ, **(env or {})},
        **options,
    )
    if ended.returncode != code:
        raise AssertionError(f"{command} ended with {ended.returncode}:\n{ended.stdout}")
    return ended.stdout


def scratch():
    """A folder that is gone after the test program. Others may look in, for programs run there without rights."""
    folder = tempfile.TemporaryDirectory(prefix="session-gateway-")
    os.chmod(folder.name, 0o755)
    return folder


def install(root, prefix="/usr", *options):
    """cmake --install below `root`."""
    command = ["cmake", "--install", BUILD, "--prefix", prefix, *options]
    run(*command, env={"DESTDIR": str(root)})


def version():
    cmake = (TREE / "CMakeLists.txt").read_text()
    return re.search(r"^project\(session_gateway VERSION (\S+)", cmake, re.M).group(1)


class Gateway:
    """A gateway on its sandbox, started by `command`, which may put it into another root."""

    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.lines = []
        self.listens = threading.Event()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        if not self.listens.wait(PATIENCE):
            self.process.kill()
        self.listening = next((x for x in self.lines if x.get("msg") == "listening"), None)
        if self.listening is None:
            self.process.kill()
            self.process.wait()
            self.reader.join()
            raise AssertionError(f"{command} does not listen: {self.lines}")

    def _read(self):
        for line in self.process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.lines.append({"text": line})
            if self.lines[-1].get("msg") == "listening":
                self.listens.set()
        self.listens.set()

    def create_session(self, *client, body=TREE / "tests/data/symphony.json", host="127.0.0.1"):
        """A call from outside, or by the client that this command starts."""
        client = client or (BUILD / "bin/session-gateway-client",)
        target = ("--target", f"{host}:{self.listening['address'].rpartition(':')[2]}")
        create = ("create-session", "--application", "packaged", "--body", body)
        return run(*client, *target, *create)

    def rights(self):
        """The users, groups and capabilities that the kernel says it has; nothing where it tells nothing."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        if not pathlib.Path("/proc/self/status").exists():
            return None
        said = dict(re.findall(r"(\w+):\t(.*)", status.read_text()))
        users, groups = (set(map(int, said[name].split())) for name in ("Uid", "Gid"))
        return users, groups, int(said["CapEff"], 16)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.end()

    def end(self):
        """The exit code of a program that has been told to end."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = f"killed {self.process.wait()}"
        self.reader.join()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.reader.join()
            self.process.stderr.close()
