"""Whether the pages show code that runs: docs.py PAGE... PROGRAM...

Each block of a client's language in a page (.md) must be a run of lines of a program that the tests run.
"""

import pathlib
import sys

LANGUAGES = {"python": ".py", "go": ".go", "java": ".java", "ts": ".ts"}


def blocks(page):
    """The language and text of each fenced block."""
    language, lines = None, []
    for line in page.read_text(encoding="utf-8").splitlines():
        if language is None and line.startswith("```"):
            language, lines = line[3:].strip(), []
        elif line.startswith("```"):
            yield language, "\n".join(lines) + "\n"
            language = None
        else:
            lines.append(line)


def main(paths):
    pages = [path for path in paths if path.suffix == ".md"]
    programs = {path.suffix: path.read_text(encoding="utf-8") for path in paths if path.suffix != ".md"}
    wrong, checked = 0, set()
    for page in pages:
        for language, text in blocks(page):
            if language not in LANGUAGES:
                continue
            checked.add(language)
            if "\n" + text not in "\n" + programs[LANGUAGES[language]]:
                wrong += 1
                print(f"{page}: this {language} block is not in the program that the tests run:\n{text}")
    missing = LANGUAGES.keys() - checked
    if missing:
        print(f"no block of {', '.join(sorted(missing))} was found")
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main([pathlib.Path(argument) for argument in sys.argv[1:]]))
