"""How the synthetic recordings were made. Not installed; needs packages of its own."""
