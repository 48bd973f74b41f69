"""Commands as the documents write them, and whether `codes` knows them.

In:   a line that begins behind `codes`.
Out:  whether its words and options exist.
"""

import shlex
from typing import Final

import typer

from cli.main import app

ENDS: Final = (">", "|", "&", "#", "2>", ">/dev/null", "&&")
"""Of a shell's line: what follows is not for `codes`."""


def is_command(line: str) -> bool:
    """Whether `codes` knows the words that begin it, and its options. A group's name alone is known too."""
    command, words = typer.main.get_command(app), words_of(line)
    while (known := getattr(command, "commands", {})) and words and not words[0].startswith("-"):
        if words[0] not in known:
            return False
        command = known[words.pop(0)]
    options = {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    return all(word.partition("=")[0] in options for word in words if word.startswith("--"))


def words_of(line: str) -> list[str]:
    """The words up to what the shell takes for itself."""
    words = shlex.split(line.replace("…", "").replace("'", ""), comments=True)
    end = next((number for number, word in enumerate(words) if word in ENDS), len(words))
    return words[:end]
