"""A client of the server, for the commands that feed it a call: how they find it, and how they hold on to it."""
