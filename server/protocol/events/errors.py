"""What went wrong, as a code for programs and one sentence for people."""

from enum import StrEnum

from server.protocol.events.base import DurableMessage


class ErrorCode(StrEnum):
    BAD_MESSAGE = "bad_message"
    NOT_STARTED = "not_started"
    NOT_FOUND = "not_found"
    UNKNOWN_CALL = "unknown_call"
    CALL_BUSY = "call_busy"
    CALL_TAKEN_OVER = "call_taken_over"
    CALL_EXISTS = "call_exists"
    CALL_OVER = "call_over"
    OTHER_CALL = "other_call"
    START_DIFFERS = "start_differs"
    HALF_FRAME = "half_frame"
    MODEL_FAILED = "model_failed"
    CALL_FAILED = "call_failed"
    CUT_SHORT = "cut_short"
    NOT_STORED = "not_stored"
    NOT_READ = "not_read"
    NOT_DELETED = "not_deleted"
    AUDIO_NOT_KEPT = "audio_not_kept"
    CALL_RUNNING = "call_running"
    NO_AUDIO = "no_audio"
    UNKNOWN_ALERT = "unknown_alert"
    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    AT_CAPACITY = "at_capacity"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"  # the body of a request
    TOO_SLOW = "too_slow"  # a request that does not come to its end
    TOO_MANY_ATTEMPTS = "too_many_attempts"  # with a wrong token
    TOO_MANY_CONNECTIONS = "too_many_connections"
    FAULT = "fault"  # in the program; the log has it
    SHUTTING_DOWN = "shutting_down"


class ErrorMessage(DurableMessage, frozen=True):
    """What went wrong, in one sentence. With a number it is about the call; with seq 0 it answers you alone."""

    code: ErrorCode
    text: str
