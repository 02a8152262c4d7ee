#!/usr/bin/env python3
"""Checks that every command in the guides is one of the program: guide.py POWERVIEW GUIDE…

Each `powerview …` of a code block, or between backquotes, must name a command whose --help is its own (that of a command which is not there is its
parent's), with options that this help has. Both guides must use the same commands.
"""
import pathlib
import re
import shlex
import subprocess
import sys

program = sys.argv[1]
problems = []
helps = {}


def help_of(path: tuple) -> str:
    if path not in helps:
        helps[path] = subprocess.run([program, *path, "--help"], capture_output=True, text=True).stdout
    return helps[path]


def is_command(path: tuple) -> bool:
    return re.search(rf"^Usage: {re.escape(' '.join(('powerview',) + path))}( |$)", help_of(path), re.M) is not None


def commands_of(text: str):
    """Lines that begin with powerview in blocks of shell, whole backquoted texts elsewhere; what comes before a pipe, && or ;."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s(?:\||&&|;|>)\s|\s#\s", line):
                if match := re.match(r"\s*(?:sudo -u powerview |runuser -u powerview -- )?powerview\s+(.*)", part):
                    yield match[1].removesuffix("|").strip()
    for span in re.findall(r"`powerview ([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S)):
        yield span


used = []
for guide in sys.argv[2:]:
    found = set()
    for command in commands_of(pathlib.Path(guide).read_text()):
        words = shlex.split(command)
        path = ()
        for word in words:
            if word.startswith("-") or not re.fullmatch(r"[a-z-]+", word) or not is_command(path + (word,)):
                break
            path += (word,)
        if not path:
            problems.append(f"{guide}: powerview {command}: there is no such command")
            continue
        found.add(path)
        rest = words[len(path):]
        # A group of commands takes no word of its own: the next one should have been a command.
        if "\nSubcommands:" in help_of(path) and rest and not rest[0].startswith("-"):
            problems.append(f"{guide}: powerview {command}: 'powerview {' '.join(path)}' has no command {rest[0]}")
        for option in (word.split("=")[0] for word in rest if word.startswith("-")):
            if not re.search(rf"(^|[\s,]){re.escape(option)}([\s,]|$)", help_of(path), re.M):
                problems.append(f"{guide}: powerview {command}: 'powerview {' '.join(path)}' has no option {option}")
    if not found:
        problems.append(f"{guide}: no command was found in it")
    used.append(found)
for other, guide in zip(used[1:], sys.argv[3:]):
    for path in sorted(used[0] ^ other):
        problems.append(f"{guide}: 'powerview {' '.join(path)}' is in only one of the guides")
print("\n".join(problems) if problems else f"{len(used[0])} commands, in each of {len(used)} guides, are there with their options")
sys.exit(1 if problems else 0)
