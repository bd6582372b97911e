"""Where the bench works, and what must be there before it begins: messages, descriptors, peers, certificates."""

import fcntl
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BENCH = HERE.parent
ROOT = BENCH.parent.parent
REQUIREMENTS = ROOT / "tests/mesh/requirements.txt"


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Bed:
    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.bin = self.build / "bin"
        self.work = self.build / "bench"
        self.messages = self.work / "messages"
        self.tls = self.work / "tls"
        self.peers = BENCH / "peers"
        self.why_no_go = ""
        self._envoy = None
        self._lock = None

    def prepare(self, peers=True):
        self.messages.mkdir(parents=True, exist_ok=True)
        # Two runs at once would measure each other, and change each other's certificates.
        self._lock = open(self.work / "lock", "wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        run([self.bin / "bench-messages", "make", self.messages])
        run([self.bin / "bench-messages", "descriptor", self.work / "peers.binpb"])
        run([self.bin / "bench-messages", "descriptor", "--whole-answer", self.work / "envoy.binpb"])
        self._make_certificates()
        if peers:
            self._build_go()
            self._fetch_envoy()

    def release(self):
        """Lets another run begin."""
        self._lock.close()

    def grown_messages(self, size):
        """Messages whose bodies have about so many bytes."""
        directory = self.work / f"messages-{size}"
        directory.mkdir(exist_ok=True)
        run([self.bin / "bench-messages", "make", directory, "--bytes", str(size)])
        return directory

    def _build_go(self):
        try:
            run([self.peers / "build.sh", self.work / "peers.binpb", self.work / "peers"])
        except (OSError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            self.why_no_go = f"it cannot be built here: {said[-1] if said else error}"

    def _fetch_envoy(self):
        venv = self.work / "venv"
        if not self._find_envoy(venv):
            try:
                run(["python3", "-m", "venv", venv])
                run([venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
                     "--only-binary=:all:", "-r", REQUIREMENTS])
            except (OSError, subprocess.CalledProcessError):
                return
        self._envoy = self._find_envoy(venv)

    @staticmethod
    def _find_envoy(venv):
        found = [path for path in venv.glob("lib/python3*/site-packages/envoy/_bin/envoy") if os.access(path, os.X_OK)]
        return found[0] if found else None

    def envoy(self):
        return self._envoy

    def _make_certificates(self):
        """An authority, and its certificates of a server and of the gateway; for two days."""
        self.tls.mkdir(exist_ok=True)
        common = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days",
                  "2"]
        run([*common, "-subj", "/CN=Bench authority", "-out", self.tls / "ca.pem", "-keyout", self.tls / "ca_key.pem",
             "-addext", "keyUsage=critical,keyCertSign"])
        for name, subject, usage in (("server", "localhost", "serverAuth"), ("client", "gateway", "clientAuth")):
            run([*common, "-subj", f"/CN={subject}", "-out", self.tls / f"{name}.pem", "-keyout",
                 self.tls / f"{name}_key.pem", "-CA", self.tls / "ca.pem", "-CAkey", self.tls / "ca_key.pem",
                 "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext",
                 "basicConstraints=critical,CA:FALSE", "-addext", f"extendedKeyUsage={usage}"])
