#!/usr/bin/env python3
"""Checks what the compiler does not: who includes whom, and what no source may hold.

Prints each offence as file:line: text; exits 1 when there is one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Which of our folders each folder may include, beside itself.
MAY_INCLUDE = {
    "base": set(),
    "proto": {"base"},
    "raft": {"base"},
    "templates": {"base"},
    "jobspec": {"base", "proto", "templates"},
    "scheduler": {"base", "proto"},
    "drivers": {"base", "proto"},
    "agent": {"base", "proto", "drivers", "templates"},
    "server": {"base", "proto", "raft", "jobspec", "scheduler"},
    "cli": {"base", "proto", "jobspec"},
    "program": {"base", "proto", "raft", "templates", "jobspec", "scheduler", "drivers", "agent", "server", "cli"},
}
# The language engine knows no jobs; the Raft core knows no shell around it.
SEALED = {
    "jobspec/hcl": {"base", "jobspec/hcl"},
    "raft/core": {"base", "raft/core", "raft/consensus.h", "raft/peer.h"},
}
# The pure parts never look at the clock or at chance.
PURE = ("scheduler/", "server/state/apply", "server/state/transaction", "raft/core/", "jobspec/validate/",
        "jobspec/defaults/", "jobspec/diff/")
IMPURE = re.compile(r"\b(system_clock|steady_clock|random_device|SystemClock|SystemRandom|std::rand|time\(nullptr\))")
INCLUDE = re.compile(r'^\s*#include "([^"]+)"')
MARKERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
NAMELESS = {"utils", "helpers", "common", "misc", "manager"}
LONGEST = 500


def allowed(path, target):
    folder = path.split("/")[0]
    for sealed, may in SEALED.items():
        if path.startswith(sealed + "/"):
            return any(target == m or target.startswith(m + "/") for m in may)
    first = target.split("/")[0]
    return first not in MAY_INCLUDE or first == folder or first in MAY_INCLUDE[folder]


def offences(file):
    path = file.relative_to(ROOT).as_posix()
    folder = path.split("/")[0]
    lines = file.read_text(errors="replace").splitlines()
    if len(lines) > LONGEST:
        yield 1, f"{len(lines)} lines: what idea does it hide? (limit {LONGEST})"
    if file.stem in NAMELESS:
        yield 1, f"a file called {file.stem} has no one idea"
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include:
            target = include.group(1)
            if target.startswith("tests/") and folder != "tests":
                yield number, f"includes {target}: nothing may include tests"
            elif folder in MAY_INCLUDE and not allowed(path, target):
                yield number, f"{folder} may not include {target}"
        if MARKERS.search(line):
            yield number, "left for later"
        if path.startswith(PURE) and IMPURE.search(line):
            yield number, "pure code looks at the clock or at chance"


def main():
    found = 0
    folders = [*MAY_INCLUDE, "tests", "bench"]
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            for number, text in offences(file):
                print(f"{file.relative_to(ROOT)}:{number}: {text}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
