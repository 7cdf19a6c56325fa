"""`python -m server.cli`: the same as the command `calmline`."""

from server.cli.main import main

if __name__ == "__main__":
    main()
