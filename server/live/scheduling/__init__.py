"""What all live calls share: the threads that do their work, and whose turn it is."""
