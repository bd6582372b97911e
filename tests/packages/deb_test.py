"""The Debian package in a fresh root, made of Debian's own packages: it installs, its unit holds, its service runs."""

import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from support import BUILD, TREE, WORK, Gateway, main, run, scratch, skip

# Tenths of systemd's scale, of which 10.0 is no protection at all.
EXPOSURE_MAX = 15
UNIT = "/usr/lib/systemd/system/session-gateway.service"
CONFIG = "/etc/session-gateway/session-gateway.yaml"


def make_package(folder):
    """One .deb, as `make deb` has it."""
    run("cpack", "-G", "DEB", "-B", folder, cwd=BUILD)
    return next(pathlib.Path(folder).glob("*.deb"))


def dependencies(package):
    """The packages that a fresh root needs; of alternatives the first."""
    field = run("dpkg-deb", "-f", package, "Depends")
    return sorted({re.match(r"\s*([^\s|(]+)", part).group(1) for part in field.split(",")})


def debian_sources():
    """The lines of this machine's apt that are Debian's own."""
    wanted = ("Created-By: Packages", "Origin: Debian")
    form = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    lines = set(run("apt-get", "indextargets", "--format", form, *wanted).splitlines())
    codename = re.search(r"VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text())
    release = codename.group(1)
    lines = (line for line in lines if f" {release}" in line and "-backports" not in line)
    return release, sorted(lines)


def apt_options():
    """Of this machine's apt what decides whether its sources can be read."""
    dump = run("apt-config", "dump", "Acquire")
    kept = re.findall(r'^Acquire::(?:Check-\S+|https?::\S*) ".+";$', dump, re.M)
    return [f"--aptopt={line[:-1]}" for line in kept]


def make_root(packages):
    """A fresh root with these packages as an archive. Made once; it is found again while nothing changes."""
    release, sources = debian_sources()
    if not sources:
        skip("package_deb", "apt has no lists of Debian's packages: apt-get update")
    key = hashlib.sha256("\n".join([*sources, *packages]).encode()).hexdigest()[:16]
    archive = WORK / f"root-{key}.tar"
    if archive.exists():
        return archive
    for old in WORK.glob("root-*.tar"):
        old.unlink()
    part = WORK / "root.part.tar"
    command = [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--include=" + ",".join(packages),
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        *apt_options(),
        release,
        part,
        "-",
    ]
    made = subprocess.run(
        command,
        input="\n".join(sources) + "\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )
    if made.returncode != 0:
        part.unlink(missing_ok=True)
        skip("package_deb", f"no fresh root can be made:\n{made.stdout[-2000:]}")
    part.rename(archive)
    return archive


def setUpModule():
    folder = scratch()
    unittest.addModuleCleanup(folder.cleanup)
    InRoot.folder = pathlib.Path(folder.name)
    InRoot.package = make_package(InRoot.folder)
    InRoot.root = InRoot.folder / "root"
    InRoot.root.mkdir()
    run("tar", "-xf", make_root(dependencies(InRoot.package)), "-C", InRoot.root)
    shutil.copy(InRoot.package, InRoot.root / "tmp/package.deb")
    InRoot.said = inside("dpkg", "-i", "/tmp/package.deb")


def inside(*command, code=0):
    return run("chroot", InRoot.root, *command, code=code)


class InRoot(unittest.TestCase):
    """The package as setUpModule installed it. Classes run in the order of their names, the removal last."""


class DebTest(InRoot):
    def unit_setting(self, name):
        unit = (self.root / UNIT[1:]).read_text()
        return re.search(rf"^{name}=(.*)$", unit, re.M).group(1)

    def test_it_says_what_to_do_next_and_starts_nothing(self):
        self.assertIn("installed, not started", self.said)
        self.assertIn(CONFIG, self.said)
        wanted = self.root / "etc/systemd/system/multi-user.target.wants"
        self.assertFalse((wanted / "session-gateway.service").exists())

    def test_its_user_has_no_rights_and_its_secrets_are_closed(self):
        user = inside("getent", "passwd", "session-gateway").strip().split(":")
        self.assertEqual(user[6], "/usr/sbin/nologin")
        self.assertLess(int(user[2]), 1000)
        stat = inside("stat", "-c", "%U:%G %a", "/etc/session-gateway/credentials")
        self.assertEqual(stat, "root:session-gateway 750\n")

    def test_the_configuration_belongs_to_the_administrator(self):
        listed = inside("dpkg-query", "-W", "-f", "${Conffiles}", "session-gateway")
        self.assertIn(CONFIG, listed)

    def test_the_unit_verifies(self):
        self.assertEqual(inside("systemd-analyze", "verify", "--man=no", UNIT), "")

    def test_the_unit_verifies_with_its_credentials(self):
        drop_in = self.root / "etc/systemd/system/session-gateway.service.d/credentials.conf"
        drop_in.parent.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, drop_in.parent)
        # dpkg leaves documentation out of this root.
        run("dpkg-deb", "-x", self.package, self.folder / "unpacked")
        example = "unpacked/usr/share/doc/session-gateway/examples/credentials.conf"
        shutil.copy(self.folder / example, drop_in)
        self.assertEqual(inside("systemd-analyze", "verify", "--man=no", UNIT), "")
        drop_in.write_text("[Service]\nLoadCredentials=name:/file\n")
        said = inside("systemd-analyze", "verify", "--man=no", UNIT)
        self.assertIn("credentials.conf:2", said)

    def test_the_unit_is_closed(self):
        analyze = ("systemd-analyze", "security", "--offline=yes", "--no-pager")
        inside(*analyze, f"--threshold={EXPOSURE_MAX}", "session-gateway.service")

    def test_the_shipped_configuration_starts_nothing(self):
        said = inside(*shlex.split(self.unit_setting("ExecStart")), code=2)
        self.assertIn("at least one of symphony and qlik must be configured", said)
        self.assertEqual(self.unit_setting("RestartPreventExitStatus"), "2")

    def test_the_start_command_serves_and_stops(self):
        """On real upstreams, as far as the gateway can tell: the sandbox, as a program of its own."""
        sandbox = subprocess.Popen(
            [BUILD / "bin/session-gateway-sandbox", "--symphony-port", "0", "--qlik-port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(sandbox.stdout.close)
        self.addCleanup(sandbox.wait)
        self.addCleanup(sandbox.terminate)
        endpoint = re.search(r"http://[\d.]+:\d+", sandbox.stdout.readline()).group(0)
        config = self.root / CONFIG[1:]
        shipped = config.read_text()
        self.addCleanup(config.write_text, shipped)
        changed = shipped.replace("127.0.0.1:50051", "127.0.0.1:0")
        config.write_text(changed + f"\nsymphony:\n  endpoints: [{endpoint}]\n")

        user = self.unit_setting("User")
        start = shlex.split(self.unit_setting("ExecStart"))
        with Gateway("chroot", f"--userspec={user}:{user}", self.root, *start) as gateway:
            uid = int(inside("id", "-u", user))
            gid = int(inside("id", "-g", user))
            self.assertNotEqual(uid, 0)
            self.assertIn(gateway.rights(), [({uid}, {gid}, 0), None])
            self.assertIn("Session ", gateway.create_session())
            shutil.copy(TREE / "tests/data/symphony.json", self.root / "tmp/body.json")
            client = ("chroot", self.root, "/usr/bin/session-gateway-client")
            self.assertIn("Session ", gateway.create_session(*client, body="/tmp/body.json"))
            reload = shlex.split(self.unit_setting("ExecReload"))
            run(*reload, env={"MAINPID": str(gateway.process.pid)})
            self.assertIn("Session ", gateway.create_session())
            self.assertEqual(gateway.stop(), 0)

    def test_the_same_sources_give_the_same_package(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(make_package(folder).read_bytes(), self.package.read_bytes())

    def test_policy(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not there; make lint installs it")
        said = run("lintian", "--allow-root", "--fail-on=error,warning", self.package)
        self.assertEqual(said, "")


class RemovalTest(InRoot):
    def test_what_is_removed_and_what_is_purged(self):
        secret = self.root / "etc/session-gateway/credentials/password"
        secret.write_text("")
        inside("dpkg", "-r", "session-gateway")
        self.assertFalse((self.root / "usr/bin/session-gateway").exists())
        self.assertTrue((self.root / CONFIG[1:]).exists())
        inside("dpkg", "-i", "/tmp/package.deb")
        self.assertTrue((self.root / UNIT[1:]).exists())
        inside("systemctl", "enable", "session-gateway")
        wanted = self.root / "etc/systemd/system/multi-user.target.wants/session-gateway.service"
        self.assertTrue(wanted.is_symlink())
        inside("dpkg", "-P", "session-gateway")
        self.assertFalse((self.root / CONFIG[1:]).exists())
        self.assertTrue(secret.exists(), "an administrator's file was removed")
        self.assertFalse(wanted.is_symlink())


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("package_deb", "only root makes and enters another root")
    for tool in ("mmdebstrap", "dpkg-shlibdeps", "file"):
        if not shutil.which(tool):
            skip("package_deb", f"{tool} is not there")
    main("package_deb")
