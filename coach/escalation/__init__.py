"""Where the customer is heading: the trend out of sound and words."""
