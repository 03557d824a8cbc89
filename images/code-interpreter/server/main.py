"""The code interpreter of a capsule: an HTTP server that runs cells of code in kernels, which keep what a cell defined."""

import argparse
import asyncio
import signal
from functools import partial

from capsule_env import CapsuleEnv
from contexts import Contexts
from http_connection import serve_connection
from routes import Routes


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=49999, help="0 takes any; the one taken is printed")
    parser.add_argument("--home", default="/home/user", help="where contexts begin that name no folder")
    parser.add_argument("--node", default="node", help="the Node that runs JavaScript")
    parser.add_argument("--envd", default="http://localhost:49983", help="who knows the capsule's variables")
    parser.add_argument("--warm", default="python,javascript", help="languages whose kernels are there from the start")
    return parser.parse_args()


async def run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    contexts = Contexts(options.home, options.node)
    try:
        # Who is asked for its health is well: nothing listens before the kernels are there.
        for language in filter(None, options.warm.split(",")):
            await contexts.default_for(language)
        routes = Routes(contexts, CapsuleEnv(options.envd))
        server = await asyncio.start_server(partial(serve_connection, routes.answer), options.host, options.port)
        print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
        await stop.wait()
        server.close()
    finally:
        contexts.close()


if __name__ == "__main__":
    asyncio.run(run(arguments()))
