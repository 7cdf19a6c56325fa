"""The entry point: the command `calmline`, and `python -m server.cli`.

Nothing but the interpreter's own is imported before Ctrl-C is looked after: it may come while modules are loaded.
"""

import sys


def main() -> None:
    """Run the command that was asked for; its exit status is 130 after Ctrl-C."""
    try:
        from server.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
