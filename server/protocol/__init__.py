"""The wire: events, messages, ids, and their schema and documentation."""
