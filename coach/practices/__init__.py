"""What the agent does: acknowledging, calming, pace, wording, waiting."""
