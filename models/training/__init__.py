"""Training and evaluation of the tone model. PyTorch is used here and nowhere else."""
