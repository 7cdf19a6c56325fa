"""Training and evaluation of the tone model: nothing of it is needed at run time."""
