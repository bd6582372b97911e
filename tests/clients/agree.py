"""Whether two clients saw the same, scenario by scenario: agree.py FIRST.jsonl SECOND.jsonl"""

import json
import sys


def read(path):
    with open(path, encoding="utf-8") as lines:
        results = [json.loads(line) for line in lines]
    by_name = {result["scenario"]: result for result in results}
    if not results or len(by_name) != len(results):
        sys.exit(f"{path}: no scenario, or one twice")
    return by_name


def main(first_path, second_path):
    first, second = read(first_path), read(second_path)
    differences = 0
    for name in dict.fromkeys([*first, *second]):
        if first.get(name) == second.get(name):
            continue
        differences += 1
        print(f"{name}:")
        for path, results in ((first_path, first), (second_path, second)):
            print(f"  {path}: {json.dumps(results.get(name, 'did not run'), ensure_ascii=False)}")
    print(f"{len(first)} scenarios, {differences} seen differently")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
