"""The ranges that settings lie in: the shared ones, so that a section reads as numbers and not as limits.

Settings and rules are checked against these types as they are read. Every number has both ends, which NaN and the
infinities lie outside of. Stateless.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]  # a probability, or a part of a whole
Wait: TypeAlias = Annotated[float, Meta(ge=0, le=86_400)]  # seconds, up to a day
Span: TypeAlias = Annotated[float, Meta(ge=0.1, le=3_600)]  # seconds; never so short that nothing fits into them
Text: TypeAlias = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]  # one line, without control characters
LogOdds: TypeAlias = Annotated[float, Meta(ge=-20, le=20)]
MostLogOdds: TypeAlias = Annotated[float, Meta(ge=0, le=20)]
Weight: TypeAlias = Annotated[float, Meta(ge=0, le=1_000)]
Scale: TypeAlias = Annotated[float, Meta(ge=0.01, le=100)]  # what makes up a full measure of something; a divisor
