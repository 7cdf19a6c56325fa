"""The command line: what can be asked for, and how it is spelled.

Each command reads the settings once and hands over to a module of its own name. Those are imported only when their
command runs, so that `calmline --help` answers at once. What programs read (`--json`) goes to standard output alone;
progress and errors go to standard error. The exit status is 0 only where all went well, 130 after Ctrl-C; whatever goes
wrong is one sentence. A bug is one too: its traceback goes to a file, which the sentence names.
"""

import logging
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from platformdirs import user_log_path
from typer.core import TyperGroup

from audio.errors import CalmlineError
from server.logs import Few

if TYPE_CHECKING:
    from server.settings import Settings


def _checked_agent(agent: str) -> str:
    from server.protocol.ids import checked_agent

    return checked_agent(agent)


File = Annotated[Path, typer.Argument(metavar="FILE", help="A sound file: left = agent, right = customer.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sound files.")]
Recordings = Annotated[list[Path], typer.Argument(metavar="FILE|DIR...", help="Sound files, or folders of them.")]
Agent = Annotated[str, typer.Option(callback=_checked_agent, help="Who the agent is, as it is kept with the call.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Customer = Annotated[Path | None, typer.Option(metavar="FILE", help="The customer's, if FILE is the agent's alone.")]
Host = Annotated[str | None, typer.Option(help="Name or address of the server [127.0.0.1].")]
KeepAudio = Annotated[bool, typer.Option("--keep-audio", help="Keep the raw audio of every call.")]
Port = Annotated[int | None, typer.Option(help="Port of the server [8420].")]
Swap = Annotated[bool, typer.Option("--swap", help="Left is the customer, right the agent.")]

DEFAULT_AGENT = "agent"


class _Sentences(TyperGroup):
    """Turns what a user can act on into one sentence and exit status 1."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except CalmlineError as error:
            typer.echo(f"calmline: {error}", err=True)
            raise typer.Exit(1) from error


@dataclass(frozen=True, slots=True)
class _Given:
    """What stood before the command."""

    config: Path | None

    def settings(self, **flags: object) -> "Settings":
        """The settings of this run; a flag is a setting's name with `_` for its dot."""
        from server.settings import read_settings

        return read_settings(self.config, flags={name.replace("_", ".", 1): value for name, value in flags.items()})


app = typer.Typer(
    cls=_Sentences, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(metadata.version("calmline"))
        raise typer.Exit


@app.callback()
def calmline(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings to read instead of your own.")] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which version this is.")
    ] = False,
) -> None:
    """Hears how a caller sounds, follows what is said, and gives the agent one kind, short cue at the right moment."""
    context.obj = _Given(config)


@app.command()
def serve(context: typer.Context, host: Host = None, port: Port = None, keep_audio: KeepAudio = False) -> None:
    """Run the server until Ctrl-C: live calls go in, and the agent's page shows what comes out."""
    from server.cli.console import say
    from server.loading import load_engine
    from server.serve import address, bind
    from server.serve import serve as run

    settings = context.obj.settings(server_host=host, server_port=port, server_keep_audio=keep_audio or None)
    with bind(settings.server) as listener, suppress(KeyboardInterrupt):
        where = address(settings.server, listener)
        say(f"Calmline {metadata.version('calmline')} is starting; the agent's page will be at {where}")
        run(settings.server, load_engine(settings), listener, lambda: say(f"The agent's page is at {where}"))


@app.command()
def devices(as_json: AsJson = False) -> None:
    """List what this machine can hear from, and who would be heard where."""
    from audio.sources.devices import list_devices
    from server.cli.console import say, write_json, write_table
    from server.cli.devices import COLUMNS, listed, row

    found, reason = listed(list_devices())
    if as_json:
        for device in found:
            write_json(device)
    else:
        write_table(COLUMNS, map(row, found))
    if reason:
        say(reason)


@app.command()
def listen(
    context: typer.Context,
    agent_device: Annotated[str | None, typer.Option(help="Number or name of the agent's [the microphone].")] = None,
    customer_device: Annotated[str | None, typer.Option(help="The customer's [what the machine plays].")] = None,
    agent: Agent = DEFAULT_AGENT,
    host: Host = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Follow a call on the headset, until Ctrl-C; starts a server if none runs."""
    from audio.sources.headset import open_headset
    from server.cli.console import say, teller
    from server.cli.listen import listen as run

    settings = context.obj.settings(
        server_host=host,
        server_port=port,
        audio_agent_device=agent_device,
        audio_customer_device=customer_device,
    )
    headset = open_headset(settings.audio.agent_device, settings.audio.customer_device)
    run(settings, headset, agent, say, teller(as_json))


@app.command()
def replay(
    context: typer.Context,
    file: File,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="Times the call's own pace.")] = 1.0,
    customer: Customer = None,
    swap: Swap = False,
    agent: Agent = DEFAULT_AGENT,
    keep_audio: KeepAudio = False,
    host: Host = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Play a recorded call to the server as if it were live; starts one if none runs."""
    from audio.sources.files import open_recording
    from server.cli.console import say, teller
    from server.cli.replay import replay as run

    settings = context.obj.settings(server_host=host, server_port=port, server_keep_audio=keep_audio or None)
    run(settings, open_recording(file, customer, swap), file.stem, agent, speed, say, teller(as_json))


@app.command()
def analyze(
    context: typer.Context,
    files: Recordings,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go, a folder a call.")] = Path("results"),
    customer: Customer = None,
    swap: Swap = False,
    agent: Agent = DEFAULT_AGENT,
    keep_audio: KeepAudio = False,
    resume: Annotated[bool, typer.Option("--resume", help="Leave out recordings whose result is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Analyse recorded calls as fast as it goes; keep them, and write result.json and result.csv for each."""
    from server.cli.analyze import SUMMARY, summary
    from server.cli.analyze import analyze as run
    from server.cli.console import say, write_json, write_table
    from server.offline.batch import DONE, OK, Batch

    if customer is not None and len(files) > 1:
        raise typer.BadParameter("with the customer's file there can be one agent's file only", param_hint="--customer")
    settings, outcomes = context.obj.settings(server_keep_audio=keep_audio or None), []
    batch = Batch(files, out, agent, customer, swap, settings.server.keep_audio, resume)
    for outcome in run(settings, batch):
        outcomes.append(outcome)
        if as_json:
            write_json(outcome)
    if not as_json:
        write_table(SUMMARY, map(summary, outcomes))
        if any(outcome.status in (OK, DONE) for outcome in outcomes):
            say(f"Results are in {out.resolve()}")
    if any(outcome.status not in (OK, DONE) for outcome in outcomes):
        raise typer.Exit(1)


@app.command("tone")
def read_tone(
    context: typer.Context,
    files: Files,
    weights: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="tone-open, tone-research or an ONNX file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell how the speaker of each clip sounds, or why that cannot be told."""
    from server.cli.console import say, write_json, write_table
    from server.cli.tone import COLUMNS, row, tone_of_files

    read = []
    for tone in tone_of_files(context.obj.settings(models_tone_weights=weights).models, files):
        read.append(tone)
        if as_json:
            write_json(tone)
        if not tone.heard:
            say(tone.status)
    if not as_json:
        write_table(COLUMNS, map(row, read))
    if not all(tone.heard for tone in read):
        raise typer.Exit(1)


@app.command()
def demo(
    context: typer.Context,
    browser: Annotated[bool, typer.Option(help="Open the agent's page.")] = True,
    port: Port = None,
) -> None:
    """Play the demo call to the agent's page: a complaint that goes wrong, and comes right."""
    from server.cli.console import say, teller
    from server.cli.demo import demo as run

    run(context.obj.settings(server_port=port), browser, say, teller(as_json=False))


@app.command()
def fetch(
    size: Annotated[
        str, typer.Argument(metavar="SIZE", help="tiny, tiny.en, base, small, medium, large-v3, or owner/name@commit.")
    ] = "base",
) -> None:
    """Fetch Whisper weights from the model hub, once. The only command that reaches beyond this machine."""
    from models.words.hub import fetch as run
    from models.words.weights import default_cache
    from server.cli.console import say

    say(f"Fetching the Whisper weights {size} from the model hub.")
    say(f"They are in {run(size, default_cache())}")


def main() -> None:
    """The entry point. Rooms that may import this one add commands of their own, such as `bench`."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(Few())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # JSON is UTF-8, and Windows would choose otherwise for a pipe; a name of bytes must not stop a line
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    for command in metadata.entry_points(group="calmline.commands"):
        app.add_typer(command.load(), name=command.name)
    try:
        app()
    except Exception as error:  # noqa: BLE001 - a bug; whatever was foreseen has become an exit status by now
        typer.echo(f"calmline: {_bug(error)}", err=True)
        sys.exit(1)


def _bug(error: Exception) -> str:
    """One sentence about a bug. Its traceback is kept in a file of the user's, the newest one only."""
    from audio.text import printable

    path = user_log_path("calmline", appauthor=False) / "fault.txt"
    what = f"this is a fault in Calmline ({printable(f'{type(error).__name__}: {error}')[:200]})"
    details = "".join(traceback.format_exception(error))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(details, "utf-8", errors="backslashreplace")
    except OSError:
        return f"{what}; its details: {printable(details)}"
    return f"{what}; the details are in {path}."


if __name__ == "__main__":
    main()
