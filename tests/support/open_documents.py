"""OpenDocument spreadsheets (.ods) to read, some of them invalid."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "style", "table", "text")
)
LIBREOFFICE = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
HEADER = "<row><cell><p>title</p></cell><cell><p>date</p></cell></row>"

_TAGS = {"row": "table:table-row", "cell": "table:table-cell", "column": "table:table-column", "p": "text:p"}


def written(xml: str) -> str:
    """The XML with the full names of its tags; tests write the short ones."""
    for short, full in _TAGS.items():
        for start, end in (("<", ">"), ("<", " "), ("<", "/"), ("</", ">")):
            xml = xml.replace(f"{start}{short}{end}", f"{start}{full}{end}")
    return xml


def content_of(body: str, styles: str = "") -> str:
    """The main part of a file, with this XML in its body."""
    return (
        f"<office:document-content {NAMESPACES} {LIBREOFFICE}>"
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{written(body)}</office:spreadsheet></office:body></office:document-content>"
    )


def archive_of(parts: dict[str, str | bytes | None]) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in ({"mimetype": MEDIA_TYPE} | parts).items():
            if content is not None:
                archive.writestr(name, content)
    return file.getvalue()


def document_of(sheets: dict[str, str], styles: str = "", attributes: str = "") -> bytes:
    """A file with these sheets and the XML of their rows."""
    tables = (f'<table:table table:name="{name}" {attributes}>{xml}</table:table>' for name, xml in sheets.items())
    return archive_of({"content.xml": content_of("".join(tables), styles)})


def table_of(xml: str) -> bytes:
    """A file with one sheet: a header, title and date, and this XML below it."""
    return document_of({"Sheet1": HEADER + xml})
