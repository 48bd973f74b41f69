"""Entry point of the program `codes`: from its first line on, Ctrl-C ends it silently with exit code 130.

In:       the arguments of the process.
Out:      the process's end, with the exit code of `ops.exit_codes`.
Promise:  nothing that takes time is imported before the signal is handled: imports take most of a short command's
          time.
"""

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # mypy takes the name for that of `typing`, whose import would take as long as all the rest
    from collections.abc import Callable
    from typing import NoReturn

INTERRUPTED = 130
CLOSED_PIPE = 141
STDERR = 2
SHOW_CURSOR = "\x1b[?25h"
"""A progress bar hides it."""
PARTINGS: "list[Callable[[], str | None]]" = []


def start() -> "NoReturn":
    """Run the command that the arguments name, and end the process."""
    handle_interrupts()
    from cli.main import main  # noqa: PLC0415  # imports everything else

    finish(main)


def handle_interrupts() -> None:
    """End the process at once at Ctrl-C, unless its shell had it ignored (`&`)."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: leave_interrupted())


def say_when_interrupted(parting: "Callable[[], str | None]") -> None:
    """Have this line printed, if there is one, whenever and however the process is interrupted from now on."""
    PARTINGS.append(parting)


def leave_interrupted() -> "NoReturn":
    """Say what there is to say, and end the process. The stream itself may be in the middle of a write."""
    has_cursor = os.isatty(STDERR) and os.environ.get("TERM") != "dumb"
    lines = [f"codes: {line}\n" for line in (parting() for parting in PARTINGS) if line]
    try:  # noqa: SIM105  # contextlib is an import
        os.write(STDERR, (SHOW_CURSOR * has_cursor + "".join(lines)).encode())
    except OSError:  # nobody reads it
        pass
    end_process(INTERRUPTED)


def finish(main: "Callable[[], None]") -> "NoReturn":
    """Run `main`, and end the process with its exit code.

    An exception is the only end that is left to Python, for its traceback. At any other, Python would wait for the
    threads of clients whose servers are unavailable, and print a traceback if it were interrupted there.
    """
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    leave(code if isinstance(code, int) else int(code is not None))


def leave(code: int) -> "NoReturn":
    """Write what is still buffered, and end the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = CLOSED_PIPE
    if code == INTERRUPTED:
        leave_interrupted()
    end_process(code)


def end_process(code: int) -> "NoReturn":
    """Without waiting for threads."""
    os._exit(code)
