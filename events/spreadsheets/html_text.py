"""Turns the HTML of other programs' descriptions into text."""

from __future__ import annotations

import re
from html import unescape

_PARAGRAPHS = (*("article", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "section"), "ul")
# What the beginning (""), or the end ("/"), of an element becomes. "\r": a new line, unless one has begun.
_BREAKS = {(end, name): "\n\n" for name in _PARAGRAPHS for end in ("", "/")} | {
    **dict.fromkeys([("", "br"), ("/", "br"), ("/", "div"), ("/", "tr")], "\n"),
    **dict.fromkeys([("", "div"), ("", "tr")], "\r"),
    **dict.fromkeys([("/", "td"), ("/", "th")], "\t"),
    ("", "li"): "\r- ",
}
_OTHERS = (
    *("a", "abbr", "b", "code", "del", "em", "figure", "font", "i", "iframe", "img", "ins", "mark", "s", "small"),
    *("span", "strike", "strong", "sub", "sup", "table", "tbody", "thead", "u"),
)
# No part of these patterns matches a second "<": html.parser takes quadratic time for some texts.
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>{'|'.join(sorted({name for _, name in _BREAKS} | {*_OTHERS}))})"
    r"(?P<attributes>[\s/][^<>]*)?>|<!--[^<>]*-->",
    re.IGNORECASE,
)
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_LINK = re.compile(r"https?://|mailto:", re.IGNORECASE)
_CHARACTER = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_NEW_LINE = re.compile(r"\n?\r")
_SPACES_AT_LINE_END = re.compile(r"(?<![ \t])[ \t]+(?=\n)")
_BLANK_LINES = re.compile(r"\n{3,}")


def html_as_text(text: str) -> str:
    """The text of a piece of HTML, with its line breaks, and its links as "text (https://…)".

    A text with neither a tag nor an escaped character stays unchanged, and so does a "<" that begins no tag.
    """
    if not _TAG.search(text):
        return _plain(text)
    parts: list[str] = []
    link, label = "", 0  # the address of the open link, and where its text starts
    position = 0
    for tag in _TAG.finditer(text):
        parts.append(_plain(text[position : tag.start()]))
        position = tag.end()
        name = (tag["name"] or "").lower()
        if name == "a":
            parts.append(_address(link, "".join(parts[label:])) if link else "")
            link, label = _href(tag["attributes"] or ""), len(parts)
        else:
            parts.append(_BREAKS.get((tag["end"], name), ""))
    parts.append(_plain(text[position:]))
    lines = _SPACES_AT_LINE_END.sub("", _NEW_LINE.sub("\n", "".join(parts)))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def _plain(text: str) -> str:
    return _CHARACTER.sub(lambda found: unescape(found[0]).replace("\xa0", " "), text)


def _href(attributes: str) -> str:
    """The address of the link that a tag begins: empty for an end tag, and for what is no address for people."""
    found = _HREF.search(attributes)
    address = _plain(found[1] or found[2] or found[3] or "").strip() if found else ""
    return address if _LINK.match(address) else ""


def _address(link: str, label: str) -> str:
    """What to add after a link's text: nothing if the text is the address."""
    shown = link.removeprefix("mailto:")
    return "" if label.strip() in (link, shown, shown.split("//", 1)[-1].rstrip("/")) else f" ({shown})"
