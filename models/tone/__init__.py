"""The tone model, the customer's speech cut for it, and clips."""
