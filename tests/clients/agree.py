"""Whether all clients saw the same, scenario by scenario: agree.py RESULTS.jsonl RESULTS.jsonl..."""

import json
import sys


def read(path):
    with open(path, encoding="utf-8") as lines:
        results = [json.loads(line) for line in lines]
    by_name = {result["scenario"]: result for result in results}
    if not results or len(by_name) != len(results):
        sys.exit(f"{path}: no scenario, or one twice")
    return by_name


SHOWN_MAX = 400  # characters of a result that is seen differently


def shown(result):
    return json.dumps(result, ensure_ascii=False, sort_keys=True) if result else "did not run"


def main(paths):
    clients = [read(path) for path in paths]
    names = dict.fromkeys(name for results in clients for name in results)
    differences = 0
    for name in names:
        seen = [shown(results.get(name)) for results in clients]
        if len(set(seen)) == 1:
            continue
        differences += 1
        print(f"{name}:")
        for path, result in zip(paths, seen, strict=True):
            print(f"  {path}: {result[:SHOWN_MAX]}")
    print(f"{len(names)} scenarios of {len(clients)} clients, {differences} seen differently")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
