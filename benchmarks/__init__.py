"""Speed, capacity and accuracy, measured on the live pipeline with only the source swapped."""
