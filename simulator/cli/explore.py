"""The command that opens the page with the sliders."""

import sys
from pathlib import Path

import click

from simulator.cli.options import data_option, machine_options
from simulator.cli.program import argument, command, option
from simulator.cli.session import Session, session_of

NEEDED = ("starlette", "uvicorn", "plotly")


@command(
    "explore",
    zh="在浏览器中探索：拖动政策工具，概率与图表随即更新；也可打开已保存的运行。页面只在本机，不联网。",
    example="explore scenarios/baseline.yaml",
)
@argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="SCENARIO|RUN…",
    en="A scenario file or a run folder; further ones can be held against it.",
    zh="情景文件或运行文件夹；其余的可与第一个对照。",
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="The port; by default the first free one from 8321 on.",
    zh="端口；默认取 8321 起第一个空闲的。",
)
@option("--no-browser", is_flag=True, help="Open no browser.", zh="不打开浏览器。")
@option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Where to listen; anything but loopback lets others in.",
    zh="监听地址；除本机回环地址外，他人也可访问。",
)
@machine_options
@data_option()
def explore(
    paths: tuple[Path, ...],
    port: int | None,
    no_browser: bool,
    host: str,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Explore in the browser: move levers and see probabilities and charts follow; opens saved runs too.

    The page is served on this machine only and loads nothing from elsewhere. Ctrl-C ends it.
    """
    from importlib.util import find_spec

    session = session_of()
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        install = "pip install 'tianjin-ai-simulator[explore]'"
        raise click.UsageError(
            session.phrase(
                f"the explorer needs {names}; install with: {install}",
                f"探索页面需要 {names}；请安装：{install}",
            )
        )
    from simulator.explorer.guards import is_loopback
    from simulator.explorer.server import serve
    from simulator.explorer.shelf import Shelf

    if not is_loopback(host):
        session.say(
            f"warning: {host} lets every machine that reaches this one use the page and save scenarios here",
            f"警告：监听 {host} 时，凡能连到本机者都可使用页面并在此保存情景",
        )
    shelf = Shelf(paths, data)
    serve(
        shelf,
        host=host,
        port=port,
        workers=workers,
        engine=engine,
        browse=not no_browser,
        told=lambda address: _tell(address, session),
        lang=session.chosen if session.chosen != "both" else "",
    )
    session.say("stopped", "已停止")


def _tell(address: str, session: Session) -> None:
    """Print the address at once, also into a pipe."""
    text = session.phrase(
        f"the page is at {address} (Ctrl-C ends it)", f"页面地址：{address} （按 Ctrl-C 结束）"
    )
    session.answer(text, {"address": address})
    sys.stdout.flush()
