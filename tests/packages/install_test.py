"""cmake --install: what lies where, and what is said there."""

import functools
import os
import pathlib
import re
import shutil
import unittest

from support import BUILD, TREE, install, main, run, scratch, skip, version

PROGRAMS = ("session-gateway", "session-gateway-client")

FILES = """
etc/session-gateway/session-gateway.yaml
usr/bin/session-gateway
usr/bin/session-gateway-client
usr/lib/systemd/system/session-gateway.service
usr/lib/sysusers.d/session-gateway.conf
usr/share/bash-completion/completions/session-gateway
usr/share/bash-completion/completions/session-gateway-client
usr/share/doc/session-gateway/CHANGELOG.md
usr/share/doc/session-gateway/README.md
usr/share/doc/session-gateway/SECURITY.md
usr/share/doc/session-gateway/copyright
usr/share/doc/session-gateway/docs/configuration.md
usr/share/doc/session-gateway/examples/credentials.conf
usr/share/doc/session-gateway/examples/session-gateway.yaml
usr/share/man/man1/session-gateway-client.1
usr/share/man/man5/session-gateway.yaml.5
usr/share/man/man8/session-gateway.8
usr/share/session-gateway/proto/sessiongateway/v1/session_gateway.proto
usr/share/session-gateway/proto/sessiongateway/v1/symphony.proto
usr/share/session-gateway/session-gateway.binpb
""".split()


def flags_of(program, *command):
    """Every flag that --help lists."""
    text = run(BUILD / "bin" / program, *command, "--help")
    return set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.M))


def commands_of(program):
    text = run(BUILD / "bin" / program, "--help")
    section = re.search(r"^Subcommands:\n((?:  .*\n)*)", text, re.M)
    return re.findall(r"^  ([\w-]+)", section.group(1), re.M) if section else []


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = scratch()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = pathlib.Path(cls.folder.name)
        install(cls.root)

    def read(self, name):
        return (self.root / name).read_text()


class InstallTest(Installed):
    def test_the_files_lie_where_the_hierarchy_has_them(self):
        for name in FILES:
            self.assertTrue((self.root / name).is_file(), name)
        top = {path.relative_to(self.root).parts[0] for path in self.root.rglob("*")}
        self.assertEqual(top, {"etc", "usr"})
        credentials = self.root / "etc/session-gateway/credentials"
        self.assertEqual(credentials.stat().st_mode & 0o777, 0o700)

    def test_no_file_speaks_of_the_build(self):
        for path in self.root.rglob("*"):
            if path.is_file() and "bin" not in path.parts:
                content = path.read_bytes()
                self.assertNotIn(str(BUILD).encode(), content, path)
                self.assertNotIn(str(TREE).encode(), content, path)
                self.assertNotRegex(content, rb"@[A-Z]+DIR@|%[A-Z]+%", str(path))

    def test_another_prefix_holds_everything(self):
        with scratch() as folder:
            install(folder, "/opt/gateway")
            root = pathlib.Path(folder) / "opt/gateway"
            self.assertEqual(os.listdir(folder), ["opt"])
            unit = (root / "lib/systemd/system/session-gateway.service").read_text()
            config = "/opt/gateway/etc/session-gateway/session-gateway.yaml"
            self.assertIn(f"ExecStart=/opt/gateway/bin/session-gateway --config {config}\n", unit)
            self.assertTrue((pathlib.Path(folder) / config[1:]).is_file())

    def test_a_configuration_that_is_there_stays(self):
        with scratch() as folder:
            config = pathlib.Path(folder) / "etc/session-gateway/session-gateway.yaml"
            config.parent.mkdir(parents=True)
            config.write_text("mine\n")
            install(folder)
            self.assertEqual(config.read_text(), "mine\n")

    def test_the_shipped_configuration_names_no_upstream(self):
        shipped = self.root / "etc/session-gateway/session-gateway.yaml"
        program = self.root / "usr/bin/session-gateway"
        said = run(program, "--config", shipped, "--check-config", code=2)
        self.assertIn("at least one of symphony and qlik must be configured", said)
        text = shipped.read_text()
        head, mark, upstreams = text.partition("# symphony:\n")
        whole = head + re.sub("^# ", "", mark + upstreams, flags=re.M)
        self.assertEqual(whole, (TREE / "deploy/session-gateway.yaml").read_text())

    def test_the_version_has_one_home(self):
        for program in PROGRAMS:
            said = run(self.root / "usr/bin" / program, "--version")
            self.assertEqual(said, f"{program} {version()}\n")
        changes = (TREE / "CHANGELOG.md").read_text()
        released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", changes, re.M)
        self.assertEqual(released[0][0], version())
        order = [[int(part) for part in name.split(".")] for name, _ in released]
        self.assertEqual(order, sorted(order, reverse=True))

    def test_images_are_tagged_with_the_version(self):
        for name in ("deploy/Dockerfile", "deploy/kubernetes.yaml"):
            tags = re.findall(r"session-gateway:(\d[\w.]*)", (TREE / name).read_text())
            self.assertEqual(set(tags), {version()}, name)

    def test_the_unit_asks_for_what_the_program_says(self):
        unit = self.read("usr/lib/systemd/system/session-gateway.service")
        for line in ("Type=notify", "WatchdogSec=30s", "User=session-gateway"):
            self.assertIn(f"\n{line}\n", unit)
        # Above the default of drain_timeout.
        self.assertGreater(int(re.search(r"TimeoutStopSec=(\d+)s", unit).group(1)), 30)
        for name, section in re.findall(r"man:([\w.-]+)\((\d)\)", unit):
            self.assertTrue((self.root / f"usr/share/man/man{section}/{name}.{section}").is_file())
        # What the unit shows commented is what the example sets.
        example = self.read("usr/share/doc/session-gateway/examples/credentials.conf")
        shown = re.findall(r"^#(LoadCredential=.*)$", unit, re.M)
        self.assertEqual(shown, re.findall(r"^LoadCredential=.*$", example, re.M))
        self.assertTrue(shown)


class FirstStepsTest(Installed):
    """The pages that lead to a first session: who follows them has a configuration that the service can read."""

    FOLDER = "/etc/session-gateway/credentials/"
    GIVEN = "install -o root -g session-gateway -m 640 "

    def page(self, name):
        text = (TREE / "docs" / name).read_text()
        commands = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)).splitlines()
        return re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S), commands

    def placed(self, commands):
        """The names of the secrets that the commands put where the service looks."""
        names = set()
        for command in commands:
            if command.startswith("install ") and self.FOLDER in command:
                self.assertTrue(command.startswith(self.GIVEN), command)
                *sources, target = command.removeprefix(self.GIVEN).split()
                into_folder = [pathlib.Path(source).name for source in sources]
                names |= {*into_folder} if target == self.FOLDER else {target.removeprefix(self.FOLDER)}
        return names

    def make_secrets(self, folder, names):
        """One file of each name, whatever its page says that it is."""
        keys = pathlib.Path(folder) / "made"
        keys.mkdir()
        subject = ("-subj", "/CN=test", "-days", "2", "-noenc", "-newkey", "rsa:2048")
        run("openssl", "req", "-x509", *subject, "-keyout", keys / "key.pem", "-out", keys / "cert.pem")
        pfx = ("-inkey", keys / "key.pem", "-in", keys / "cert.pem", "-passout", "pass:word")
        run("openssl", "pkcs12", "-export", *pfx, "-out", keys / "all.pfx")
        (keys / "word").write_text("word\n")
        for name in names:
            made = "all.pfx" if name.endswith(".pfx") else "cert.pem" if name.endswith(".pem") else "word"
            made = "key.pem" if name.endswith("_key.pem") else made
            (pathlib.Path(folder) / name).write_bytes((keys / made).read_bytes())

    def check(self, name, blocks_count):
        blocks, commands = self.page(name)
        self.assertEqual(len(blocks), blocks_count)
        named = set(re.findall(re.escape(self.FOLDER) + r"([\w.-]+)", "".join(blocks)))
        self.assertEqual(named, self.placed(commands))
        with scratch() as folder:
            self.make_secrets(folder, named)
            config = pathlib.Path(folder) / "session-gateway.yaml"
            for block in blocks:
                config.write_text(block.replace(self.FOLDER, f"{folder}/"))
                run(self.root / "usr/bin/session-gateway", "--config", config, "--check-config")
        # As root, neither says what the service cannot read.
        for word in ("--check-config", " doctor "):
            (line,) = [command for command in commands if word in command]
            self.assertTrue(line.startswith("runuser -u session-gateway -- session-gateway "), line)

    def test_symphony(self):
        self.check("symphony.md", 1)

    def test_qlik(self):
        self.check("qlik.md", 4)


class ManualTest(Installed):
    def page(self, name):
        return self.root / "usr/share/man" / f"man{name[-1]}" / name

    def plain(self, name):
        """The page as it is read, without marks and line ends."""
        text = run("mandoc", "-T", "utf8", "-O", "width=200", self.page(name))
        return re.sub(r".\x08", "", text)

    def test_the_pages_are_well_formed(self):
        for path in sorted((self.root / "usr/share/man").rglob("*.?")):
            run("mandoc", "-T", "lint", "-W", "warning", path)

    def test_each_flag_has_its_line(self):
        for program, page in zip(PROGRAMS, ("session-gateway.8", "session-gateway-client.1")):
            text = self.plain(page)
            flags = flags_of(program)
            self.assertIn("--help", flags)
            for command in commands_of(program):
                self.assertRegex(text, rf"(?m)^ +{command}$")
                flags |= flags_of(program, command)
            for flag in flags:
                self.assertRegex(text, rf"(?m)^ +(-\w, )?{flag}( |$)", page)

    def test_the_examples_use_flags_that_there_are(self):
        known = {"--now"}  # of systemctl
        for program in PROGRAMS:
            known |= flags_of(program).union(*(flags_of(program, x) for x in commands_of(program)))
        for page in ("session-gateway.8", "session-gateway-client.1"):
            examples = self.plain(page).partition("\nEXAMPLES\n")[2]
            used = set(re.findall(r"(?<!\S)--[\w-]+", examples))
            self.assertTrue(used)
            self.assertLessEqual(used, known)

    def test_each_key_has_its_line(self):
        table = (TREE / "docs/configuration.md").read_text()
        keys = re.findall(r"^\| `([\w.]+)` (?:\| [^|]+ ){5}\|$", table, re.M)
        self.assertIn("listen.address", keys)
        text = self.plain("session-gateway.yaml.5")
        for key in keys:
            self.assertRegex(text, rf"(?m)^ +{re.escape(key)}$")
        self.assertIn("Type: duration.  Default: 30s.  Range: 1ms to 1h.", text)


ODD_HELP = """What it does
Usage: session-gateway [OPTIONS] [SUBCOMMAND]

Options:
  -h,--help                   Print this help message and exit
  --application TEXT REQUIRED Name of a FILE

A group (of its own):
  --mode TEXT:{one,two}       Which
  --a-name-that-takes-the-line GUID|new
                              Text on the next line, --not-a-flag
  --key-file FILE=x [x]       A file

Subcommands:
  create-it                   Creates it

Examples:
  session-gateway --example
"""


class CompletionTest(Installed):
    def complete(self, *words, folder=None, cwd=TREE / "tests/data"):
        """What bash offers in the place of the last word; the program is one of `folder`."""
        script = self.root / "usr/share/bash-completion/completions" / words[0]
        program = """
          source "$1"; shift
          function_name=$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
          COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
          "$function_name" "$1" "${@: -1}" "${@: -2:1}"
          printf '%s\\n' "${COMPREPLY[@]}"
        """
        path = f"{folder or self.root / 'usr/bin'}:{os.environ['PATH']}"
        command = ("bash", "-c", program, "complete", script, *words)
        return set(run(*command, env={"PATH": path}, cwd=cwd).splitlines()) - {""}

    def test_every_flag_is_offered(self):
        for program in PROGRAMS:
            flags = flags_of(program)
            self.assertEqual(self.complete(program, "--"), flags)
            for command in commands_of(program):
                flags = flags_of(program) | flags_of(program, command)
                self.assertEqual(self.complete(program, command, "--"), flags)

    def test_every_command_is_offered(self):
        commands = commands_of("session-gateway-client")
        self.assertTrue(commands)
        offered = self.complete("session-gateway-client", "")
        self.assertLessEqual(set(commands), offered)
        self.assertEqual(self.complete("session-gateway-client", "create-s"), {"create-session"})

    def test_a_file_is_offered_where_one_is_wanted(self):
        files = set(os.listdir(TREE / "tests/data"))
        self.assertEqual(self.complete("session-gateway", "--config", ""), files)
        words = ("session-gateway-client", "create-session", "--body")
        self.assertEqual(self.complete(*words, "sym"), {"symphony.json"})
        self.assertEqual(self.complete(*words, "=", "sym"), {"symphony.json"})

    def test_nothing_is_offered_where_a_value_is_free(self):
        self.assertEqual(self.complete("session-gateway", "--listen", ""), set())

    def test_a_beginning_leaves_what_goes_on_so(self):
        self.assertEqual(self.complete("session-gateway", "--ch"), {"--check-config"})

    def test_any_form_of_help_is_understood(self):
        with scratch() as folder:
            program = pathlib.Path(folder) / "session-gateway"
            program.write_text("#!/bin/sh\ncat <<END\n" + ODD_HELP + "END\n")
            program.chmod(0o755)
            (pathlib.Path(folder) / "two words").touch()
            offered = functools.partial(self.complete, "session-gateway", folder=folder, cwd=folder)
            flags = {"-h", "--help", "--application", "--mode", "--a-name-that-takes-the-line"}
            self.assertEqual(offered("-"), flags | {"--key-file"})
            self.assertEqual(offered("--mode", ""), {"one", "two"})
            self.assertEqual(offered("--mode", "t"), {"two"})
            self.assertEqual(offered("--application", ""), set())
            self.assertEqual(offered("--key-file", "two"), {"two words"})
            self.assertEqual(offered("create-"), {"create-it"})

    def test_both_names_are_registered(self):
        for program in PROGRAMS:
            script = self.root / "usr/share/bash-completion/completions" / program
            registered = run("bash", "-c", f'source "$1"; complete -p {program}', "x", script)
            self.assertEqual(registered, f"complete -F _session_gateway {program}\n")


class ReleaseArchiveTest(unittest.TestCase):
    def test_the_archive_is_the_same_each_time_and_compiles(self):
        with scratch() as folder:
            first, second = (pathlib.Path(folder) / name for name in ("a", "b"))
            name = f"session-gateway-proto-{version()}"
            for to in (first, second):
                run(TREE / "deploy/packaging/release.sh", "archive", to, cwd="/")
            made = [(to / f"{name}.tar.gz").read_bytes() for to in (first, second)]
            self.assertEqual(made[0], made[1])
            run("tar", "-xf", first / f"{name}.tar.gz", "-C", folder)
            protos = pathlib.Path(folder) / name
            service = protos / "sessiongateway/v1/session_gateway.proto"
            include = "/usr/include"  # where protoc looks by itself when there is a /proc
            run("protoc", "-I", protos, "-I", include, "--descriptor_set_out=/dev/null", service)
            for path in (TREE / "proto/sessiongateway/v1").iterdir():
                copy = protos / "sessiongateway/v1" / path.name
                self.assertEqual(copy.read_bytes(), path.read_bytes())
            self.assertTrue((protos / "LICENSE").is_file())


if __name__ == "__main__":
    if not shutil.which("mandoc"):
        skip("package_install", "mandoc is not there")
    main("package_install")
