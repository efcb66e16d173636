"""The words of dates in several languages: months, days of the week, and words that are not a day."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining, normalize

# English, German, French, Spanish, Italian, Dutch, Polish (two cases), Danish, Norwegian, Swedish, Portuguese; as
# `folded_word` writes them.
_MONTHS = (
    "january januar janner janvier enero gennaio januari styczen stycznia janeiro",
    "february februar feber fevrier febrero febbraio februari luty lutego fevereiro",
    "march marz maerz mars marzo maart mrt marzec marca marts marco",
    "april avril abril aprile kwiecien kwietnia",
    "may mai mayo maggio mei maj maja maio",
    "june juni juin junio giugno czerwiec czerwca junho",
    "july juli juillet julio luglio lipiec lipca julho",
    "august aout agosto augustus augusti sierpien sierpnia",
    "september septembre septiembre setiembre settembre wrzesien wrzesnia setembro",
    "october oktober octobre octubre ottobre pazdziernik pazdziernika outubro",
    "november novembre noviembre listopad listopada novembro",
    "december dezember decembre diciembre dicembre grudzien grudnia dezembro desember",
)
_DAYS_OF_THE_WEEK = (
    "monday montag lundi lunes lunedi maandag poniedzialek pn mandag segunda",
    "tuesday dienstag mardi martes martedi dinsdag wtorek tirsdag tisdag terca",
    "wednesday weds mittwoch mercredi miercoles mercoledi woensdag sroda onsdag quarta",
    "thursday donnerstag jeudi jueves giovedi donderdag czwartek torsdag quinta",
    "friday freitag vendredi viernes venerdi vrijdag piatek pt fredag sexta",
    "saturday samstag sonnabend samedi sabado sabato zaterdag sobota lordag",
    "sunday sonntag dimanche domingo domenica zondag niedziela nd ndz sondag",
)
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Words between the parts of a date, and ends of numbers: "1st", "1er", "5 de diciembre de 2026", "den 5. Dezember".
_FILLERS = "st nd rd th er e ste de del di of the le el den der am on il d do o a º ª"
_NOT_A_DAY = (
    "today tomorrow yesterday tonight next every weekly daily monthly heute morgen gestern jeden demain hoy manana "
    "tba tbd tbc announced confirmed unknown offen unbekannt n/a na none x ? ?? - --"
)
FILLERS, NOT_A_DAY = frozenset(_FILLERS.split()), frozenset(_NOT_A_DAY.split())
_LETTERS_WITH_A_STROKE = str.maketrans("łø", "lo")  # for Unicode, the stroke is a part of the letter


def folded_word(text: str) -> str:
    """In lower case and without accents. For short texts only: many accents on one letter take quadratic time."""
    letters = normalize("NFD", text).casefold().translate(_LETTERS_WITH_A_STROKE)
    return normalize("NFC", "".join(letter for letter in letters if not combining(letter)))


@lru_cache(500)
def month(word: str) -> int | None:
    """The month of a word, or of its first letters, at least three. None: no month, or several ("jui")."""
    found = _meanings(word, _MONTHS) if len(word) >= 3 else []
    return found[0] + 1 if len(found) == 1 else None


@lru_cache(500)
def days_of_the_week(word: str) -> list[int]:
    """The days (0: Monday) of a word, or of its first letters, at least two: "so" is Sonntag and sobota."""
    return _meanings(word, _DAYS_OF_THE_WEEK) if len(word) >= 2 else []


def _meanings(word: str, rows: tuple[str, ...]) -> list[int]:
    return [number for number, names in enumerate(rows) if f" {word}" in f" {names}"]
