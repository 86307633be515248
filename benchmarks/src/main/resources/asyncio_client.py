"""Posts a stage to several region nodes at once, for each line that it reads; without durability.

Arguments: the port of each node. A line is an id; it is printed when every node has answered.
"""

import asyncio
import json
import sys


class Node:
    """Keeps connections to a region node open, as many as requests ran at once."""

    def __init__(self, port):
        self.port = port
        self.idle = []

    async def post(self, key, body):
        """As HTTP clients do, posts once more if a connection was closed while it was idle."""
        while self.idle:
            try:
                return await self.post_by(self.idle.pop(), key, body)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
        connection = await asyncio.open_connection("127.0.0.1", self.port)
        return await self.post_by(connection, key, body)

    async def post_by(self, connection, key, body):
        reader, writer = connection
        writer.write(
            (
                "POST /api/v1/execute HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                "Content-Type: application/json\r\nAccept: application/json\r\n"
                f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(
            (name.lower(), value.strip())
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        )
        answer = await reader.readexactly(int(headers["content-length"]))
        if " 200 " not in head[0] + " ":
            raise RuntimeError(f"{head[0]}: {answer[:200]!r}")
        self.idle.append(connection)
        return json.loads(answer)


async def fan_out(nodes, key, body):
    answers = await asyncio.gather(
        *(node.post(f"{key}-{node.port}", body) for node in nodes)
    )
    assert len(answers) == len(nodes)
    print(key, flush=True)


async def main():
    nodes = [Node(int(port)) for port in sys.argv[1:]]
    lines = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    # The body comes first, so that it is the one that the others post.
    body = (await lines.readline()).strip()
    running = set()
    while line := await lines.readline():
        task = asyncio.create_task(fan_out(nodes, line.decode().strip(), body))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
