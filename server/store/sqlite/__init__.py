"""The SQLite file: opening it, bringing it up to date, following it when it vanishes, keeping it small."""
