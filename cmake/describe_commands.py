#!/usr/bin/env python3
"""Writes the manual page and the completion of bash from what the program says of itself.

Usage: describe_commands.py POWERVIEW MANUAL_TEMPLATE OUT_DIR. Makes OUT_DIR/powerview.1.gz and OUT_DIR/powerview.bash.
Each command's --help is read, so that neither can name what is not there.
"""
import dataclasses
import datetime
import gzip
import os
import pathlib
import re
import subprocess
import sys


@dataclasses.dataclass
class Entry:
    words: str  # "-d,--data-folder DIR"
    text: str


@dataclasses.dataclass
class Command:
    path: list
    text: str = ""
    sections: dict = dataclasses.field(default_factory=dict)  # "Options" -> entries


def read_command(program: str, path: list) -> Command:
    out = subprocess.run([program, *path, "--help"], capture_output=True, text=True, check=True).stdout
    # For a command that is not there the program answers with the help of the one above.
    if not re.search(rf"^Usage: {re.escape(' '.join(['powerview', *path]))}( |$)", out, re.M):
        sys.exit(f"{program}: there is no command {' '.join(path)}")
    command, section = Command(path), None
    for line in out.splitlines():
        if heading := re.fullmatch(r"(\[?[A-Z][A-Za-z ]*\]?):", line):
            section = command.sections.setdefault(heading[1], [])
        elif section is None:
            if not line.startswith("Usage:") and line.strip() and not command.text:
                command.text = line.strip()
        elif entry := re.fullmatch(r"  (\S.*?)(?:\s{2,}(\S.*))?", line):
            section.append(Entry(entry[1], entry[2] or ""))
        elif line.strip() and section:
            section[-1].text = (section[-1].text + " " + line.strip()).strip()
    return command


def names_below(command: Command) -> list:
    """Of "add, create" the first: it is what the manual speaks of."""
    return [entry.words.split(",")[0] for entry in command.sections.get("Subcommands", [])]


def read_all(program: str) -> list:
    found, waiting = [], [[]]
    while waiting:
        command = read_command(program, waiting.pop(0))
        found.append(command)
        waiting = [command.path + [name] for name in names_below(command)] + waiting
    return found


def roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def manual(commands: list, template: str, version: str) -> str:
    lines = []
    for command in commands:
        if not command.path:
            continue
        lines += [f".SS powerview {roff(' '.join(command.path))}", roff(command.text) + "."]
        for name in ("Positionals", "Options"):
            for entry in command.sections.get(name, []):
                if entry.words != "-h,--help":
                    lines += [".TP", f".B {roff(entry.words)}", roff(entry.text)]
    # A build that is repeated gives the same bytes.
    stamp = int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp()))
    day = datetime.datetime.fromtimestamp(stamp, datetime.timezone.utc).date().isoformat()
    return template.replace("@DATE@", day).replace("@VERSION@", version).replace("@COMMANDS@", "\n".join(lines))


def completion(commands: list) -> str:
    rows = []
    for command in commands:
        path = " ".join(command.path)
        options, values = [], {}
        for entry in command.sections.get("Options", []):
            names, _, kind = entry.words.partition(" ")
            names = names.split(",")
            options += [name for name in names if name.startswith("--")]
            if not kind:
                continue
            choice = re.search(r"\{([\w,-]+)\}", kind)
            value = choice[1].replace(",", " ") if choice else "/files" if re.match(r"(FILE|DIR|PATH)\b", kind) else "/any"
            values.update({name: value for name in names})
        subcommands = names_below(command)
        rows.append(f'_powerview_words["/{path}"]="{" ".join(subcommands + options)}"')
        rows.append(f'_powerview_below["/{path}"]="{" ".join(subcommands)}"')
        rows += [f'_powerview_values["/{path} {name}"]="{value}"' for name, value in values.items()]
    return COMPLETION.replace("@ROWS@", "\n".join(rows))


COMPLETION = """# Completion of powerview(1) for bash, made from its own --help.
declare -A _powerview_words _powerview_below _powerview_values
@ROWS@

_powerview() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} path=/ word value
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ " ${_powerview_below[$path]} " == *" $word "* ]]; then
      if [ "$path" = / ]; then path=/$word; else path+=" $word"; fi
    fi
  done
  value=${_powerview_values[$path $before]:-}
  case $value in
    /any) COMPREPLY=() ;;
    /files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    "")
      mapfile -t COMPREPLY < <(compgen -W "${_powerview_words[$path]}" -- "$current")
      if [ ${#COMPREPLY[@]} -eq 0 ]; then compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); fi
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$value" -- "$current") ;;
  esac
}
complete -F _powerview powerview
"""


def main() -> None:
    program, template, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    commands = read_all(program)
    (out / "powerview.1.gz").write_bytes(gzip.compress(manual(commands, template.read_text(), version).encode(), 9, mtime=0))
    (out / "powerview.bash").write_text(completion(commands))


main()
