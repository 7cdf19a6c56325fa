"""The demo call: synthetic voices, a complaint about a bill. Its README says how it was made."""

from pathlib import Path

DEMO_CALL = Path(__file__).parent / "billing_call.opus"
