"""Prints one paper in a process of its own, so that no HTML can hang or end the one that asked. Run as a file, never imported.

It reads a line of JSON and the bytes of the files after it from its standard input and writes the PDF to its standard output.
Addresses other than the fonts' and those of the given files are refused: neither the disk nor the network can be asked.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

SCHEME = "crmhost:/"
_STYLES = re.compile(r"<style[^>]*>.*?</style>", re.DOTALL)
_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
_FAMILY = re.compile(r"""(font-family\s*:\s*)["']?([^;"'}]+)["']?""")
_FONT = re.compile(r"font/([\w-]+\.woff2)")


class Store:
    """What a paper may ask for."""

    def __init__(self, fonts: Path, files: dict[str, tuple[str, bytes]]) -> None:
        self.fonts, self.files = fonts, files

    def find(self, url: str) -> tuple[str, bytes]:
        """Media type and bytes; nothing of what is not ours."""
        name = url.removeprefix(SCHEME) if url.startswith(SCHEME) else ""
        if font := _FONT.fullmatch(name):
            return "font/woff2", (self.fonts / font[1]).read_bytes()
        return self.files.get(name.removeprefix("file/"), ("text/plain", b""))


def with_plutoprint(html: str, store: Store, created: str) -> bytes:
    """The PDF by PlutoPrint."""
    import plutoprint as pp

    class Fetcher(pp.ResourceFetcher):
        def fetch_url(self, url: str) -> Any:
            media_type, data = store.find(url)
            return pp.ResourceData(data, media_type, "")

    book = pp.Book(pp.PAGE_SIZE_A4, pp.PAGE_MARGINS_NORMAL, pp.MEDIA_TYPE_PRINT)
    book.custom_resource_fetcher = Fetcher()
    # PlutoPrint reads this type of font, but passes over sources that name it.
    book.load_html(re.sub(r"\s*format\([\"']?woff2[\"']?\)", "", html), base_url=SCHEME)
    for key in (pp.PDF_METADATA_CREATION_DATE, pp.PDF_METADATA_MODIFICATION_DATE):
        book.set_metadata(key, created)
    made = io.BytesIO()
    book.write_to_pdf_stream(made)
    return made.getvalue()


def with_weasyprint(html: str, store: Store, _created: str) -> bytes:
    """The PDF by WeasyPrint."""
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):  # type: ignore[misc]  # it has no types
        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002
            media_type, data = store.find(url)
            return URLFetcherResponse(url, data, {"Content-Type": media_type})

    made: bytes = HTML(
        string=_STYLES.sub(lambda styles: _apart(styles[0]), html), base_url=SCHEME, url_fetcher=Fetcher()
    ).write_pdf()
    return made


def _apart(styles: str) -> str:
    """Styles with a name of its own for each file of a typeface.

    WeasyPrint puts files of one name together under the numbers that their glyphs have in each, so that letters of two files
    that have one number become the same.
    """
    names: dict[str, list[str]] = {}

    def numbered(face: re.Match[str]) -> str:
        family = _FAMILY.search(face[0])
        if family is None:
            return face[0]
        known = names.setdefault(family[2], [])
        known.append(f"{family[2]} {len(known) + 1}")
        return face[0].replace(family[0], f'{family[1]}"{known[-1]}"', 1)

    parts = _FACE.split(styles)
    faces = [numbered(face) for face in _FACE.finditer(styles)]
    for family, known in names.items():
        listed = ", ".join(f'"{name}"' for name in known)
        parts = [re.sub(rf"""(["']?){re.escape(family)}\1""", lambda _found, new=listed: new, part) for part in parts]
    return "".join(part for pair in zip(parts, [*faces, ""], strict=True) for part in pair)


def main() -> int:
    """Prints what standard input holds."""
    order = json.loads(sys.stdin.buffer.readline())
    html = sys.stdin.buffer.read(order["html"]).decode()
    files = {name: (kind, sys.stdin.buffer.read(size)) for name, kind, size in order["files"]}
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (order["seconds"], order["seconds"]))
        resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    store = Store(Path(order["fonts"]), files)
    for engine in (with_plutoprint, with_weasyprint):
        try:
            made = engine(html, store, order["created"])
        except (ImportError, OSError) as error:  # the second where a library of the system is missing
            print(error, file=sys.stderr)  # noqa: T201  # the other process reads it
            continue
        sys.stdout.buffer.write(made)
        return 0
    return 3


if __name__ == "__main__":
    sys.exit(main())
