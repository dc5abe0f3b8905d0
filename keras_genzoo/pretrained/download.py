"""Files by https: resumed where a connection was cut, never larger than what was promised, whole or not there."""

import contextlib
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_genzoo.files import RunError

_SECONDS = 30.0
_PIECE = 2**18
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def download(address: str, path: Path, size: int) -> None:
    """Fetches a file of a known size to `path`, which it goes on with if there is a part of it.

    Args:
        address: https://..., or http:// of this machine.
        path: where it is written, as it comes; what it holds then is for the caller to check.
        size: integer, bytes.

    Raises:
        RunError: the address is of another kind or leads elsewhere, it does not answer, or has another size.
    """
    check_address(address)
    begun = path.stat().st_size if path.exists() else 0
    if begun >= size:
        path.unlink()
        begun = 0
    request = urllib.request.Request(address, headers={"User-Agent": "keras_genzoo"})
    if begun:
        request.add_header("Range", f"bytes={begun}-")
    try:
        with urllib.request.build_opener(_Redirects(address)).open(request, timeout=_SECONDS) as answer:
            resumed = answer.status == 206
            begun = begun if resumed else 0
            length = answer.headers.get("Content-Length")
            if length is not None and begun + int(length) != size:
                raise RunError(f"{address} has {begun + int(length):,} bytes, but {size:,} are expected.")
            with path.open("ab" if resumed else "wb") as file, _shown(path.name, size, begun) as advance:
                while piece := answer.read(min(_PIECE, size - begun + 1)):
                    begun += len(piece)
                    if begun > size:
                        raise RunError(f"{address} has more than the {size:,} bytes that are expected.")
                    file.write(piece)
                    advance(len(piece))
    except RunError:
        raise
    except (OSError, ValueError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise RunError(f"{address} could not be fetched ({reason}).") from None
    if begun < size:
        raise RunError(
            f"{address}: the connection ended after {begun:,} of {size:,} bytes: ask again, and it goes on there."
        )


def check_address(address: str) -> None:
    """Refuses all but https, and http of this machine.

    Raises:
        RunError: it is another address.
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise RunError(f"'{address}' is no https address.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https alone: to where a host keeps its files, not to this machine or its files."""

    def __init__(self, address: str):
        self._address = address

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        before, after = urllib.parse.urlsplit(self._address), urllib.parse.urlsplit(newurl)
        same = (before.scheme, before.netloc) == (after.scheme, after.netloc)
        if not same and (after.scheme != "https" or after.hostname in _LOOPBACK or before.scheme != "https"):
            raise RunError(f"{self._address} leads elsewhere, to '{newurl[:200]}', which is not followed.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextlib.contextmanager
def _shown(what: str, total: int, begun: int) -> Iterator[Any]:
    """A progress bar on a terminal; a line elsewhere."""
    if not sys.stderr.isatty():
        print(f"fetching {what}, {total / 2**20:.1f} MB", file=sys.stderr, flush=True)
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"fetching {what}", total=total, completed=begun)
        yield lambda count: progress.advance(task, count)
