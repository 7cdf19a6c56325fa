"""The command line: one file a command. `main` spells out what can be asked for."""
