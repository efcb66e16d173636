"""CPU time grows in proportion to the length of untrusted text: four times the text, about four times the time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import thread_time
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from events import cursors
from events.api import schemas
from events.api.bodies import JSONBodyParser
from events.domain import FIELD_NAMES, InvalidRequestError
from events.fields import RULES
from events.months import Month
from events.pages.forms import BulkEditForm, EventForm, FilterForm, NewEventForm
from events.pages.links import linked
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.columns import recognised
from events.spreadsheets.dates import read_date
from events.spreadsheets.html_text import html_as_text
from events.spreadsheets.numbers import read_capacity
from events.spreadsheets.sheet import SpreadsheetError
from events.visible_text import quoted, visible
from eventsite.accounts.domain import fold_username, is_username
from eventsite.accounts.feeds import staff_of_feed
from eventsite.accounts.keys import check_token
from tests.hostile.test_bombs import styles
from tests.support.import_plans import plan_file
from tests.support.open_documents import document_of, table_of
from tests.support.workbooks import HEADER, sheet_of, workbook

SHORT = 4_000
MAX_HEADER = 10_000  # API Gateway's limit for all headers together
FEW_SECONDS = 0.05
MOST_GROWTH = 9  # four if the work is linear, sixteen if it is quadratic

# A text to repeat, and an end that prevents patterns from matching all of it.
PIECES = {
    "zeros": ("0", "x"),
    "signs": ("-", "x"),
    "spaces": (" ", "x"),
    "no-break spaces": ("\u00a0", "x"),
    "inner spaces": ("x ", "\u200b"),
    "zero-width spaces": ("\u200b", "x"),
    "byte order marks": ("\ufeff", "x"),
    "apostrophes": ("'", "x"),
    "quotation marks": ('"', "x"),
    "brackets": ("[", ""),
    "dots": ("1.", "x"),
    "slashes": ("1/", "x"),
    "hyphens": ("1-", "x"),
    "commas": (", ", "x"),
    "semicolons": ("a=;", "x"),
    "backslashes": ("\\", ""),
    "escapes": ("_x000", ""),
    "percents": ("%", ""),
    "accents": ("\u0301\u0323", ""),
    "joiners": ("\u200d", "x"),
    "flags": ("\U0001f3f4", ""),
    "hidden flags": ("\U0001f3f4\U000e0067", ""),
}
pieces = pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())


def text_of(piece: tuple[str, str], length: int) -> str:
    repeated, end = piece
    return repeated * (length // len(repeated)) + end


def assert_linear(prepare: Callable[[int], Callable[[], Any]], length: int = SHORT) -> None:
    """`prepare` returns the work for a text of this length. A busy machine may disturb two of three measurements."""
    short, long = prepare(length), prepare(4 * length)
    ratios = []
    for _ in range(3):
        first, second = seconds(short), seconds(long)
        if second < FEW_SECONDS or second < MOST_GROWTH * first:
            return
        ratios.append(round(second / first, 1))
    raise AssertionError(f"Four times the text took {ratios} times as long, {second:.2f} s at last.")


def seconds(work: Callable[[], Any]) -> float:
    started = thread_time()
    with suppress(ValueError, SpreadsheetError, InvalidRequestError):
        work()
    return thread_time() - started


def csv_row(text: str) -> bytes:
    quoted_text = '"' + text.replace('"', '""') + '"'
    return f"{','.join(FIELD_NAMES)},Room\n{','.join([quoted_text] * 9)}\n".encode()


@pieces
def test_csv_cells_take_linear_time(piece: tuple[str, str]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        data = csv_row(text_of(piece, length))
        return lambda: plan_file(data)

    assert_linear(prepare)


@pieces
def test_a_csv_header_takes_linear_time(piece: tuple[str, str]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length)
        data = f"{text}title,{text},date\na,b,c\n".encode()
        return lambda: plan_file(data)

    assert_linear(prepare)


@pieces
def test_the_first_line_of_a_csv_file_takes_linear_time(piece: tuple[str, str]) -> None:
    """In UTF-8, and in another encoding."""

    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length)
        files = [f"{text}\ntitle\na\n".encode(), f"{text}\ntitle\n".encode() + b"\xe9\n"]
        return lambda: [seconds(lambda data=data: read_spreadsheet(data)) for data in files]  # type: ignore[misc]

    assert_linear(prepare)


@pieces
def test_workbook_cells_and_header_take_linear_time(piece: tuple[str, str]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length)
        data = workbook([*FIELD_NAMES, text[:32_767]], [text] * 9) if len(text) <= 32_767 else long_workbook(text)
        return lambda: plan_file(data)

    assert_linear(prepare)


def long_workbook(text: str) -> bytes:
    """A workbook with longer cells than Excel allows."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    rows = ([*FIELD_NAMES, escaped], [escaped] * 9)
    cells = (
        "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{cell}</t></is></c>' for cell in row) for row in rows
    )
    return sheet_of(f"<sheetData>{''.join(f'<row>{row}</row>' for row in cells)}</sheetData>")


HTML = {
    "tags": ("<p>", "x"),
    "open tags": ("<a ", ""),
    "open addresses": ("<p><a href='", ""),
    "spaces in a tag": ("<p><a" + " " * 500, ""),
    "links": ("<a href='https://a'>", "</a>"),
    "open comments": ("<p><!--", ""),
    "dashes of comments": ("<p><!--" + "-" * 500, ""),
    "ampersands": ("<p>&", ""),
    "digits of a character": ("<p>&#" + "9" * 500, ";"),
    "spaces at the end of lines": ("<p>" + " " * 500, "x"),
    "new lines": ("<br>", "x"),
}


@pytest.mark.parametrize("piece", [*PIECES.values(), *HTML.values()], ids=[*PIECES, *HTML])
def test_reading_of_names_and_values_takes_linear_time(piece: tuple[str, str]) -> None:
    readers: list[Callable[[str], Any]] = [
        html_as_text,
        read_capacity,
        read_date,
        lambda text: recognised([text, f"{text}title", f"date({text})"]),
    ]

    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length)
        return lambda: [seconds(lambda reader=reader: reader(text)) for reader in readers]  # type: ignore[misc]

    assert_linear(prepare, 4 * SHORT)


NUMBERS = {"zeros": "{}1", "zeros after a point": "1.{}", "not a number": "{}x", "exponent": "1e{}1"}


@pytest.mark.parametrize("form", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("kind", ["n", "d", "e", "b", "s"])
def test_workbook_values_take_linear_time(kind: str, form: str) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        row = f'<row r="2"><c r="A2" t="{kind}"><v>{form.format("0" * length)}</v></c></row>'
        data = sheet_of(f"<sheetData>{HEADER}{row}</sheetData>")
        return lambda: plan_file(data)

    assert_linear(prepare)


@pieces
def test_cells_and_header_of_open_document_take_linear_time(piece: tuple[str, str]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length).replace("&", "&amp;").replace("<", "&lt;")
        rows = ([*FIELD_NAMES, text], [text] * 9)
        cells = ("".join(f"<cell><p><text:span>{cell}</text:span></p></cell>" for cell in row) for row in rows)
        data = document_of({"Sheet1": "".join(f"<row>{row}</row>" for row in cells)})
        return lambda: plan_file(data)

    assert_linear(prepare)


@pytest.mark.parametrize("form", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("kind", ["value", "date-value", "boolean-value", "string-value", "time-value", "repeated"])
def test_values_of_open_document_take_linear_time(kind: str, form: str) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        number = form.format("0" * length)
        value_type = kind.partition("-")[0].replace("value", "float")
        attributes = f'office:value-type="{value_type}" office:{kind}="{number}"'
        if kind == "repeated":
            attributes = f'table:number-columns-repeated="{number}"'
        data = table_of(f"<row><cell {attributes}><p>x</p></cell></row>")
        return lambda: plan_file(data)

    assert_linear(prepare)


USED = '<xf numFmtId="200"/>'


def number_format(code: str) -> str:
    return f'<numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'


STYLES: dict[str, Callable[[int], str]] = {
    "brackets in a format": lambda count: number_format("[" * count) + f"<cellXfs>{USED}</cellXfs>",
    "a long format of many styles": lambda count: number_format("0" * count) + f"<cellXfs>{USED * count}</cellXfs>",
    "many formats": lambda count: (
        "<numFmts>" + "".join(f'<numFmt numFmtId="{n}" formatCode="a{n}"/>' for n in range(count)) + "</numFmts>"
        "<cellXfs>" + "".join(f'<xf numFmtId="{n}"/>' for n in range(count)) + "</cellXfs>"
    ),
    "many named styles": lambda count: (
        f"<cellStyleXfs>{'<xf/>' * count}</cellStyleXfs><cellXfs><xf/></cellXfs><cellStyles>"
        + "".join(f'<cellStyle name="a{n}" xfId="{n}"/>' for n in range(count))
        + "</cellStyles>"
    ),
}


@pytest.mark.parametrize("name", STYLES)
def test_workbook_styles_take_linear_time(name: str) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        data = styles(STYLES[name](length))
        return lambda: read_spreadsheet(data)

    assert_linear(prepare)


@pieces
def test_forms_take_linear_time(piece: tuple[str, str]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length)
        forms = EventForm, NewEventForm, FilterForm, BulkEditForm
        return lambda: [form(dict.fromkeys(form.base_fields, text)).is_valid() for form in forms]

    assert_linear(prepare)


@pieces
def test_api_fields_take_linear_time(piece: tuple[str, str]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length)
        return lambda: [seconds(lambda rule=rule: rule(text)) for rule in RULES.values()]  # type: ignore[misc]

    assert_linear(prepare)


BODIES: dict[str, Callable[[str], bytes]] = {
    "a text": lambda text: orjson.dumps({"title": text}),
    "half a surrogate pair": lambda text: b'{"title": "\\ud800' + orjson.dumps(text)[1:] + b"}",
    "a name": lambda text: b'{"a\\ud800' + orjson.dumps(text)[1:] + b": 1}",
    "digits": lambda text: b'{"capacity": ' + b"9" * len(text) + b"}",
    "digits after a point": lambda text: b'{"capacity": 0.' + b"9" * len(text) + b"}",
    "lists": lambda text: b"[" * len(text),
    "names": lambda text: b'{"a":"\\ud800",' + b'"a":1,' * len(text) + b'"b":1}',
    "not JSON": lambda text: text.encode(),
}


@pieces
@pytest.mark.parametrize("name", BODIES)
def test_json_bodies_take_linear_time(name: str, piece: tuple[str, str]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        body = BODIES[name](text_of(piece, length))
        request = RequestFactory().post("/events", body, content_type="application/json")
        return lambda: JSONBodyParser().parse_body(request)

    assert_linear(prepare)


@pieces
def test_queries_and_tokens_take_linear_time(piece: tuple[str, str]) -> None:
    readers: list[Callable[[str], Any]] = [
        cursors.decode,
        cursors.decode_change,
        Month.parse,
        lambda text: schemas.ListQuery.model_validate({"from": text, "to": text, "limit": text, "cursor": text}),
        check_token,
        staff_of_feed,
        lambda text: is_username(fold_username(text)),
        visible,
        quoted,
    ]

    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(piece, length)
        return lambda: [seconds(lambda reader=reader: reader(text)) for reader in readers]  # type: ignore[misc]

    assert_linear(prepare)


HEADERS = ("Accept", "Accept-Encoding", "Authorization", "Cookie", "Idempotency-Key", "If-Match", "If-None-Match")


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("form", ["{}", "gzip{}", "gzip;q=0.{}", "gzip ;{}", '"{}"', 'a="{}"', "Bearer {}"])
def test_headers_take_linear_time(api: APIClient, header: str, form: str) -> None:
    plain = [piece for piece in PIECES.values() if "".join(piece).isascii()]

    def prepare(length: int) -> Callable[[], Any]:
        values = [form.format(text_of(piece, length)) for piece in plain]
        return lambda: [api.get("/healthz", headers={header: value}) for value in values]

    assert_linear(prepare, MAX_HEADER // 4)


def test_pages_that_shorten_texts_take_linear_time(editor: Client) -> None:
    """Django's `truncatechars` takes quadratic time, because it puts accents in order first."""

    def prepare(length: int) -> Callable[[], Any]:
        text = text_of(PIECES["accents"], length)
        data = f"title,{text}\na{text},b\n".encode()

        def show() -> None:
            page = editor.post("/staff/import/", {"file": SimpleUploadedFile("a.csv", data)})
            assert page.status_code == 200
            assert editor.get("/staff/calendar/", {"month": text}).status_code == 200

        return show

    assert_linear(prepare, 4 * SHORT)


@pytest.mark.parametrize(
    "part", ["https://", "https://a.example ", "mailto:a@", "https://a" + ")" * 500, "https://a.example/(", "(", ")."]
)
def test_finding_links_takes_linear_time(part: str) -> None:
    assert_linear(lambda length: partial(linked, (part * length)[:length]), 4 * SHORT)
