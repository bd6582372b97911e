"""The instructions of one call by library, out of one of Callgrind's files of the running program.

One call writes one line of the log: so the calls are counted.
"""

import collections
import re
import sys

CALL = "session_gateway::CallBase::WriteLog"
NAME = re.compile(r"\((\d+)\)(?: (.*))?$")


def name_of(text, names):
    """Names stand once as `(1) name`, and later as `(1)`."""
    match = NAME.match(text)
    if match.group(2) is not None:
        names[match.group(1)] = match.group(2)
    return names.get(match.group(1), "?")


def read(path):
    libraries, functions = {}, {}
    own = collections.Counter()
    library = callee = "?"
    calls = 0
    of_callee = False
    with open(path, encoding="utf-8") as lines:
        for line in map(str.rstrip, lines):
            if line.startswith("ob="):
                library = name_of(line[3:], libraries).rsplit("/", 1)[-1]
            elif line.startswith("cob="):
                name_of(line[4:], libraries)
            elif line.startswith("fn="):
                name_of(line[3:], functions)
            elif line.startswith("cfn="):
                callee = name_of(line[4:], functions)
            elif line.startswith("calls="):
                of_callee = True
                if callee.startswith(CALL):
                    calls += int(line[6:].split()[0])
            elif line[:1] in tuple("+-*0123456789"):
                if not of_callee:
                    own[library] += int(line.split()[1])
                of_callee = False
    return own, calls


def main():
    own, calls = read(sys.argv[1])
    total = sum(own.values())
    print(f"  instructions of a call: {total / calls:.0f}, of {calls} calls")
    for library, count in own.most_common(12):
        print(f"  {100 * count / total:5.1f} %  {count / calls:8.0f}  {library}")


if __name__ == "__main__":
    main()
