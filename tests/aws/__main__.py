"""Run the emulated AWS in the foreground: `python -m tests.aws [--port N]`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING

# Before anything imports moto: loading its default images would cost seconds at the first EC2 call.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from tests.aws.serving import WsgiServer
from tests.aws.settings import Settings
from tests.aws.wire import moto_application

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def main() -> None:
    """Serve until interrupted, or until standard input ends when a test started us."""
    # A shell that starts us in the background has us ignore SIGINT; whoever sends it means it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = _arguments()
    if arguments.departures:
        print(_departures())
        return
    # AWS has errors that its own models do not list, and moto warns of each that a fault answers with.
    warnings.filterwarnings("ignore", message="Exception.* does not match an error shape")
    settings = Settings(**{each.name: getattr(arguments, each.name) for each in fields(Settings)})
    app = moto_application() if arguments.bare else _layer(settings)
    try:
        _serve(WsgiServer(arguments.port, app), die_with_parent=arguments.die_with_parent)
    except KeyboardInterrupt:
        sys.exit(0)


def _serve(server: WsgiServer, *, die_with_parent: bool) -> None:
    """Say where the server listens, to a program or to a person, and serve."""
    url = f"http://127.0.0.1:{server.server_address[1]}"
    if die_with_parent:
        threading.Thread(target=_die_with_parent, daemon=True).start()
        print(json.dumps({"url": url}), flush=True)
    else:
        print(_welcome(url), flush=True)
    with server:
        server.serve_forever()


def _layer(settings: Settings) -> WSGIApplication:
    """Imported only now, because its departures change moto's tables, and bare moto must stay bare."""
    from tests.aws.control import application  # noqa: PLC0415 - as said

    return application(settings)


def _departures() -> str:
    from tests.aws.departures import by_operation  # noqa: PLC0415 - as above

    return "\n".join(
        f"{operation}\t{one.__name__}: {(one.__doc__ or '').splitlines()[0]}"
        for operation, several in sorted(by_operation().items())
        for one in several
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.aws", description="AWS for tests and demo, on loopback.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--bare", action="store_true", help="moto alone, without the layer that corrects it")
    parser.add_argument("--departures", action="store_true", help="list what the layer corrects, and end")
    parser.add_argument("--die-with-parent", action="store_true", help="end when standard input does")
    for each in fields(Settings):
        flag = f"--{each.name.replace('_', '-')}"
        parser.add_argument(flag, type=float, default=each.default, help=f"default: {each.default}")
    return parser.parse_args()


def _welcome(url: str) -> str:
    return (
        f"AWS is emulated at {url}\n"
        f"  AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=AKIA123456789012TEST AWS_SECRET_ACCESS_KEY=test\n"
        f"  the journal of calls: {url}/_control/journal"
    )


def _die_with_parent() -> None:
    """Our standard input is a pipe from the parent; the system closes it however the parent ends."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
