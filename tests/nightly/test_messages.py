"""A million messages that no client of ours would send, from feeds and pages of calls that run: the calls go on."""
