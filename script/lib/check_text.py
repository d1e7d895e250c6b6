"""The checks of script/check that only read text: sizes, links, content.

usage: check_text.py sizes|links|content
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "bench", "script", "cmake", "web", "docs", "deploy", ".ci")
NOT_OURS = ("node_modules", "__pycache__", ".pytest_cache")
CODE = {".cc", ".h", ".py", ".sh", ".cmake", ".js", ".lua", ".sql", ""}
LINES_MAX = 800
TEST_LINES_MAX = 1200
GENERATED = ("docs/reference/", "web/package-lock.json", "tests/fuzz/corpus/")

# pattern, why it may not be in the repository
UNWANTED = [
    (r"^(<<<<<<< |>>>>>>> |=======$)", "a merge was not finished"),
    (r"-----BEGIN (RSA |EC |ENCRYPTED )?PRIVATE " + "KEY-----", "a private key"),
    (r"\b(FIXME|XXX)\b|\bTODO\b", "do it, or write an issue"),
    (r"NOLINT(?!(NEXTLINE|BEGIN|END)?\([a-z])", "name the check that is switched off, and why"),
    (r"[ \t]+$", "blanks at the end of the line"),
    (r"\r$", "a carriage return at the end of the line"),
    (r"(?<![\w/.])/(home|root|Users)/\w", "a path of somebody's machine"),
]
CODE_UNWANTED = [
    (r"\t", "a tab"),
    (r"\bstd::(cout|cerr)\b", "a log line or a returned text; only app/ prints"),
]


def files() -> list[Path]:
    found = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted(path for path in found if not any(part in path.parts for part in NOT_OURS))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None  # not text: a corpus of the fuzz targets, a picture


def is_test(path: Path) -> bool:
    return "_test." in path.name or name(path).startswith("tests/")


def check_sizes() -> list[str]:
    problems = []
    for path in files():
        if path.suffix not in CODE or name(path).startswith(GENERATED):
            continue
        lines = (text_of(path) or "").count("\n")
        limit = TEST_LINES_MAX if is_test(path) else LINES_MAX
        if lines > limit:
            problems.append(f"{name(path)}: {lines} lines, at most {limit}: split it")
    return problems


def anchors(text: str) -> set[str]:
    """The names GitHub gives the headings of a Markdown text."""
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *$", without_code(text), re.MULTILINE):
        plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while anchor in found:
            number += 1
            anchor = f"{anchor.removesuffix(f'-{number - 1}')}-{number}"
        found.add(anchor)
    return found


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def check_links() -> list[str]:
    problems = []
    for path in (file for file in files() if file.suffix == ".md"):
        prose = re.sub(r"`[^`\n]*`", "", without_code(path.read_text(encoding="utf-8")))
        for link in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", prose):
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            if not target.exists():
                problems.append(f"{name(path)}: {link} does not exist")
            elif anchor and target.suffix == ".md" and anchor not in anchors(
                    target.read_text(encoding="utf-8")):
                problems.append(f"{name(path)}: {link}: there is no such heading")
    return problems


def check_content() -> list[str]:
    problems = []
    for path in files():
        text = None if name(path).startswith("tests/fuzz/corpus/") else text_of(path)
        if text is None or path == Path(__file__).resolve():
            continue
        unwanted = list(UNWANTED)
        if path.suffix in (".cc", ".h"):
            unwanted += CODE_UNWANTED[: 1 if "app" in path.parts or is_test(path) else 2]
        for number, line in enumerate(text.split("\n"), 1):
            problems += [f"{name(path)}:{number}: {why}" for pattern, why in unwanted
                         if re.search(pattern, line)]
        if text and not text.endswith("\n"):
            problems.append(f"{name(path)}: no newline at the end of the file")
        if path.name == "package-lock.json" and '"resolved"' in text:
            problems.append(f"{name(path)}: holds download addresses; lock it with "
                            "omit-lockfile-registry-resolved")
    return problems


def main() -> int:
    problems = {"sizes": check_sizes, "links": check_links, "content": check_content}[sys.argv[1]]()
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
