"""What the call means and what to say to the agent. Imports `audio` and the dataclasses of `models`."""
