"""HTTP answers that say what was wrong: one JSON `error`, one sentence, whatever went wrong and wherever.

`Faults` answers for a fault in the program, which it logs once; the log alone gets the traceback. Stateless.
"""

import logging
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import write

_SHOWN = 80  # characters of what came that a sentence repeats
logger = logging.getLogger(__name__)


def refusal(status: int, code: ErrorCode, text: str, headers: dict[str, str] | None = None) -> Response:
    """An HTTP answer that says in one sentence what was wrong."""
    return Response(write(ErrorMessage(code, text)), status, headers, media_type="application/json")


def shown(given: str) -> str:
    """What came, as a sentence may repeat it: printable, on one line and not long."""
    printable = "".join(character if character.isprintable() else "?" for character in given[:_SHOWN])
    return printable + ("..." if len(given) > _SHOWN else "")


async def http_error(request: Request, error: Exception) -> Response:
    """Says what Starlette says by a status alone: that there is nothing here, or not by this method."""
    assert isinstance(error, HTTPException)
    path, allowed = shown(request.url.path), _methods(request)
    if allowed or error.status_code == 405:
        allowed = allowed or ["GET", "HEAD"]  # of a page
        text = f"Expected {' or '.join(allowed)} for {path}; {shown(request.method)} came."
        return refusal(405, ErrorCode.METHOD_NOT_ALLOWED, text, {"allow": ", ".join(allowed)})
    if error.status_code in (401, 404):  # 401: a file among the pages that may not be read
        return refusal(404, ErrorCode.NOT_FOUND, f"There is nothing at {path}; docs/protocol.md says what there is.")
    return refusal(error.status_code, ErrorCode.BAD_MESSAGE, f"{error.detail}.", dict(error.headers or {}))


def _methods(request: Request) -> list[str]:
    """By which other methods this address may be asked for; none if there is nothing here but perhaps a page.

    Starlette does not tell of them where pages are mounted at the root, since those match as well.
    """
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    whole = {**request.scope, "root_path": ""}  # not as the mount sees it
    matching = (route for route in routes if route.matches(whole)[0] == Match.PARTIAL)
    return sorted({method for route in matching for method in route.methods or ()})


class Faults:
    """Answers where a handler failed through a fault in the program."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = gone = False

        async def watched_send(message: Message) -> None:
            nonlocal begun, gone
            begun = True
            try:
                await send(message)
            except OSError:
                gone = True
                raise

        async def watched_receive() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"].endswith(".disconnect")
            return message

        try:
            await self._app(scope, watched_receive, watched_send)
        except (ClientDisconnect, WebSocketDisconnect):
            pass  # nobody is left to answer
        except Exception as error:
            if gone and isinstance(error, OSError | RuntimeError):  # so Starlette says that nobody is there any more
                return
            logger.exception("%s of %s failed", scope["type"], shown(scope["path"]))
            await self._answer(scope, receive, send, begun)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, begun: bool) -> None:
        text = "This failed through a fault in the program; the server's log says more."
        if scope["type"] == "http" and not begun:
            await refusal(500, ErrorCode.FAULT, text)(scope, receive, send)
        elif scope["type"] == "websocket":
            with suppress(OSError, RuntimeError):  # it may be closed already
                await send({"type": "websocket.close", "code": 1011, "reason": text})
