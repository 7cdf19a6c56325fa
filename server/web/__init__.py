"""HTTP, and the websockets that follow calls."""
