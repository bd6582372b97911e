"""The root file system of an image: what is in it and nothing else, and the gateway running in it without rights."""

import os
import pathlib
import re
import shutil
import unittest

from support import TREE, Gateway, install, main, run, scratch, skip

USER = 10001
BYTES_MAX = 80_000_000

# What ldd does not ask for, each with its reason in deploy/rootfs.sh.
NAMED = {
    "etc/group",
    "etc/hosts",
    "etc/nsswitch.conf",
    "etc/passwd",
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/openssl.cnf",
    "usr/bin/session-gateway",
    "usr/bin/session-gateway-client",
    "usr/lib/os-release",
}
FOLDERS_NAMED = ("usr/share/doc/", "var/lib/dpkg/status.d/")


class RootfsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = scratch()
        cls.addClassCleanup(cls.folder.cleanup)
        stage = pathlib.Path(cls.folder.name) / "stage"
        cls.root = pathlib.Path(cls.folder.name) / "rootfs"
        install(stage, "/usr", "--strip")
        run(TREE / "deploy/rootfs.sh", stage, cls.root)

    def files(self):
        """Regular files by their path in the root."""
        paths = (path for path in self.root.rglob("*") if not path.is_symlink())
        return {str(path.relative_to(self.root)): path for path in paths if path.is_file()}

    def enter(self, *command, user=USER):
        return ("chroot", f"--userspec={user}:{user}", self.root, *command)

    def test_it_holds_what_is_asked_for_and_no_more(self):
        legacy = [name for name in self.files() if name.endswith("/ossl-modules/legacy.so")]
        self.assertEqual(len(legacy), 1)
        asked = set()
        for name in ("usr/bin/session-gateway", "usr/bin/session-gateway-client", *legacy):
            listed = run(*self.enter("/lib64/ld-linux-x86-64.so.2", "--list", f"/{name}"))
            self.assertNotIn("not found", listed)
            asked |= set(re.findall(r"(\S+/(\S+)) \(0x", listed))
        names = {name for _, name in asked}
        for name in set(self.files()) - NAMED - set(legacy):
            if not name.startswith(FOLDERS_NAMED):
                self.assertIn(pathlib.Path(name).name, names, f"nobody asks for {name}")
        self.assertLessEqual(NAMED, set(self.files()))

    def test_it_is_small_and_stripped(self):
        self.assertLess(sum(path.stat().st_size for path in self.files().values()), BYTES_MAX)
        for program in ("session-gateway", "session-gateway-client"):
            self.assertIn(", stripped", run("file", self.root / "usr/bin" / program))

    def test_nobody_but_root_may_write_there(self):
        for path in self.root.rglob("*"):
            if not path.is_symlink():
                self.assertEqual(path.stat().st_mode & 0o6022, 0, path)
                self.assertEqual(path.stat().st_uid, 0, path)

    def test_links_lead_within(self):
        for path in self.root.rglob("*"):
            if path.is_symlink():
                target = os.readlink(path)
                base = self.root if target.startswith("/") else path.parent
                self.assertTrue((base / target.lstrip("/")).exists(), path)

    def test_scanners_find_its_packages(self):
        described = {path.name for path in (self.root / "var/lib/dpkg/status.d").iterdir()}
        self.assertLessEqual({"libc6", "libssl3", "libgrpc29", "ca-certificates"}, described)
        for package in described:
            status = (self.root / "var/lib/dpkg/status.d" / package).read_text()
            self.assertRegex(status, r"(?m)^Version: \S+$")
            self.assertTrue((self.root / "usr/share/doc" / package / "copyright").is_file())

    def test_the_gateway_serves_from_it_without_rights(self):
        program = self.enter("/usr/bin/session-gateway", "--sandbox", "--listen", "127.0.0.1:0")
        with Gateway(*program) as gateway:
            self.assertIn(gateway.rights(), [({USER}, {USER}, 0), None])
            self.assertIn("Session ", gateway.create_session())
            # The client in the image, which finds the gateway by a name.
            body = self.root / "body.json"
            self.addCleanup(body.unlink)
            shutil.copy(TREE / "tests/data/symphony.json", body)
            client = self.enter("/usr/bin/session-gateway-client")
            said = gateway.create_session(*client, body="/body.json", host="localhost")
            self.assertIn("Session ", said)
            self.assertEqual(gateway.stop(), 0)

    def test_the_legacy_provider_is_where_openssl_looks(self):
        modules = re.search(r'"(.*)"', run("openssl", "version", "-m")).group(1)
        listing = ("openssl", "list", "-providers", "-provider", "legacy")
        said = run(*listing, env={"OPENSSL_MODULES": f"{self.root}{modules}"})
        self.assertIn("OpenSSL Legacy Provider", said)

    def test_the_image_is_made_of_it(self):
        dockerfile = (TREE / "deploy/Dockerfile").read_text()
        self.assertIn("\nRUN make rootfs\n", dockerfile)
        self.assertIn("\nFROM scratch\nCOPY --from=build /src/build/rootfs/ /\n", dockerfile)
        self.assertIn(f"\nUSER {USER}:{USER}\n", dockerfile)
        passwd = (self.root / "etc/passwd").read_text()
        self.assertIn(f"session-gateway:x:{USER}:{USER}:", passwd)
        self.assertIn(f"runAsUser: {USER}", (TREE / "deploy/kubernetes.yaml").read_text())


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("package_rootfs", "only root enters another root")
    if not shutil.which("file"):
        skip("package_rootfs", "file is not there")
    main("package_rootfs")
