"""Whether a gateway answers right, and what the upstream received of it."""

import datetime
import json
import math
import re
import subprocess
import urllib.parse

RPCS = {"symphony": "CreateSession", "qlik": "CreateExecutionSession"}
# The gateway says this beyond what the upstream answered.
OWN_MEMBERS = ("endpoint",)


class WrongAnswer(Exception):
    """An answer that is not what the upstream's answer means."""


def check_reply(bed, row, kind, reply_file, messages=None):
    """Compares a reply by its meaning, for the order of fields is a gateway's own affair."""
    want = json.loads(show(bed, kind, (messages or bed.messages) / f"{kind}.reply"))
    if row.program == "envoy" and kind == "qlik":
        # It cannot put the upstream's answer into a field, so its call answers with the row itself.
        field = b"\x0a" + varint(reply_file.stat().st_size)
        reply_file.write_bytes(field + reply_file.read_bytes())
        got = json.loads(show(bed, kind, reply_file))
        reply_file.write_bytes(reply_file.read_bytes()[len(field):])
    else:
        got = json.loads(show(bed, kind, reply_file))
    for member in OWN_MEMBERS:
        got.pop(member, None)
    if got != want:
        raise WrongAnswer(f"{row.name}, {kind}: {differences(want, got)[:3]}")


def show(bed, kind, file):
    return subprocess.run([bed.bin / "bench-messages", "show", kind, file], check=True, capture_output=True,
                          text=True).stdout


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def received(last, want_body):
    """What is different in the request that the upstream received, as a list of short sentences."""
    head, _, body = last.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    notes = []
    if any(line.lower() == "transfer-encoding: chunked" for line in lines):
        notes.append("body in chunks, without a length")
    query = urllib.parse.urlsplit(lines[0].split(" ")[1]).query
    if not query:
        notes.append("no query")
    try:
        got = json.loads(body)
    except ValueError:
        return [*notes, "the body is not JSON"]
    return notes + summary(differences(json.loads(want_body), got))


def differences(want, got, place=""):
    """Pairs of a place and what is different there."""
    if isinstance(want, dict) and isinstance(got, dict):
        found = []
        for key in [*want, *(key for key in got if key not in want)]:
            if key not in got:
                found.append((f"{place}/{key}", "missing"))
            elif key not in want:
                found.append((f"{place}/{key}", "not meant"))
            else:
                found += differences(want[key], got[key], f"{place}/{key}")
        return found
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        found = []
        for i, (a, b) in enumerate(zip(want, got)):
            found += differences(a, b, f"{place}/{i}")
        return found
    return [] if is_same(want, got) else [(place, kind_of_difference(want, got))]


def is_same(want, got):
    if isinstance(want, (int, float)) and isinstance(got, (int, float)) and not isinstance(want, bool):
        return math.isclose(want, got, rel_tol=1e-15)
    return type(want) is type(got) and want == got


def kind_of_difference(want, got):
    if isinstance(got, str) and str(want) == got:
        return "integer in quotes"
    if instant(want) is not None and instant(want) == instant(got):
        return "date in another form"
    if isinstance(want, list) and isinstance(got, dict):
        return "object in place of a pair"
    return "another value"


def instant(text):
    if not isinstance(text, str) or not re.match(r"\d{4}-\d\d-\d\dT", text):
        return None
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def summary(found):
    """How often each kind of difference is there, with the first place."""
    kinds = {}
    for place, kind in found:
        kinds.setdefault(kind, []).append(place)
    return [f"{kind}: {len(places)}, such as `{places[0]}`" for kind, places in kinds.items()]
