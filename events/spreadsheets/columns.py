"""Which column of a file holds which field: the names that people and programs give to their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

from events.domain import FIELD_NAMES
from events.visible_text import folded_name

# The exports of Google Calendar, Outlook (English and German), The Events Calendar, Eventbrite, Meetup and pretix, and
# the usual words of several languages. If two columns have names of the same field, the name that is listed first
# decides: our own first, words that often have another meaning last. An end date or a time of day is not here, nor the
# "ID" of another program: it would overwrite an event of ours.
NAMES: dict[str, tuple[str, ...]] = {
    "eventId": ("Event ID",),
    "title": (
        *("Title", "Event Title", "Event Name", "Name of the event", "Name of event", "Subject", "Headline"),
        *("Titel", "Veranstaltungstitel", "Veranstaltungsname", "Name der Veranstaltung", "Veranstaltung", "Betreff"),
        *("Titre", "Nom de l'événement", "Événement", "Intitulé", "Objet"),
        *("Título", "Nombre del evento", "Evento", "Asunto", "Nome do evento", "Assunto"),
        *("Titolo", "Nome evento", "Oggetto", "Onderwerp"),
        *("Tytuł", "Nazwa wydarzenia", "Wydarzenie", "Temat"),
        *("Arrangement", "Begivenhed", "Emne", "Evenemang", "Rubrik", "Ämne"),
        *("Event", "Summary", "Name", "Nom", "Nombre", "Nome", "Naam", "Nazwa", "Navn", "Namn"),
    ),
    "description": (
        *("Description", "Event Description", "Full description", "Long description"),
        *("Beschreibung", "Veranstaltungsbeschreibung", "Descriptif", "Descripción", "Descrição", "Descrizione"),
        *("Omschrijving", "Beschrijving", "Opis", "Beskrivelse", "Beskrivning"),
        *("Event Excerpt", "Short description", "Event details", "Details", "About", "Body", "Notes"),
        *("Notizen", "Detalles", "Notas", "Dettagli"),
    ),
    "date": (
        *("Date", "Start Date", "Event Start Date", "Event Date", "Date of event", "Date start", "Date from"),
        *("From date", "Start Date/Time", "Start date and time", "Event Start Date/Time", "Date/Time"),
        *("Date and time", "Event date and time"),
        *("Startdatum", "Beginnt am", "Datum", "Veranstaltungsdatum", "Datum von", "Termin"),
        *("Date de début", "Date de l'événement"),
        *("Fecha de inicio", "Fecha de comienzo", "Fecha del evento", "Fecha"),
        *("Data de início", "Data rozpoczęcia", "Data wydarzenia", "Data di inizio", "Data inizio", "Data"),
        *("Begindatum", "Startdato", "Dato"),
        *("Day", "Tag", "Jour", "Starts at", "Starts on", "Event Start", "Starts", "Start", "When", "From", "DTSTART"),
        *("Beginn", "Début", "Inicio", "Begynder"),
        "Event start time",  # pretix: date and time. The Events Calendar has the time alone, beside a start date
    ),
    "location": (
        *("Location", "Event Location", "Venue", "Event Venue", "Venue Name", "Event Venue Name", "Location Name"),
        *("Place", "Where", "Ort", "Veranstaltungsort", "Lieu", "Lieu de l'événement", "Emplacement"),
        *("Lugar", "Lugar del evento", "Ubicación", "Localização", "Luogo", "Sede", "Locatie", "Plaats"),
        *("Miejsce", "Lokalizacja", "Sted", "Plats", "Standort"),
        *("Room", "Hall", "Raum", "Saal", "Salle", "Sala", "Zaal", "Lokale"),
        *("Venue Address", "Address", "Adresse", "Dirección", "Endereço", "Indirizzo"),
    ),
    "capacity": (
        *("Capacity", "Event Capacity", "Max capacity", "Maximum capacity", "Venue capacity", "Total capacity"),
        *("Seats", "Number of seats", "Total seats", "Max. seats", "Number of places", "Spots"),
        *("Max. participants", "Maximum participants", "Maximum number of participants", "Participant limit"),
        *("Max. attendees", "Maximum attendees", "Maximum number of attendees", "Attendee limit", "Max. guests"),
        *("Kapazität", "Plätze", "Anzahl Plätze", "Sitzplätze", "Max. Teilnehmer", "Maximale Teilnehmerzahl"),
        *("Max. Teilnehmerzahl", "Teilnehmerlimit"),
        *("Capacité", "Capacité maximale", "Nombre de places", "Jauge"),
        *("Capacidad", "Aforo", "Aforo máximo", "Plazas", "Número de plazas", "Capacidade", "Lotação"),
        *("Capienza", "Capacità", "Posti", "Capaciteit", "Aantal plaatsen"),
        *("Pojemność", "Liczba miejsc", "Limit miejsc", "Kapacitet", "Pladser", "Antal pladser", "Antal platser"),
        *("RSVP limit", "Quota", "Total tickets", "Number of tickets", "Limit"),
    ),
    "organizer": (
        *("Organizer", "Organiser", "Event Organizer", "Event Organiser", "Organizer Name", "Organiser Name"),
        *("Event Organizer Name", "Event Organizer Name(s)", "Event Organizer Name(s) or ID(s)", "Organizers"),
        *("Organisers", "Event Organizers", "Event Organisers", "Meeting Organizer", "Organized by", "Organised by"),
        *("Veranstalter", "Veranstalter:in", "Organisator", "Gastgeber", "Besprechungsplanung"),
        *("Organisateur", "Organisateurs", "Organisé par", "Organizador", "Organizadora", "Organizado por"),
        *("Anfitrión", "Organizzatore", "Organizzato da", "Organizator", "Arrangør", "Vært", "Arrangör"),
        *("Host", "Hosts", "Event Host", "Hosted by", "Organizing group", "Organization", "Organisation", "Group name"),
    ),
    "status": (
        *("Status", "Event Status"),
        *("Veranstaltungsstatus", "Statut", "Estado del evento", "Estado", "Stato"),
    ),
}
_MAX_NAME = 100  # letters. To put many accents into order takes quadratic time

# The text in brackets has no other bracket: otherwise a name of many open brackets would take quadratic time.
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NOT_A_LETTER = re.compile(r"[\W_]+")


def _folded(name: str) -> str:
    """A form of the name that is equal for "Título*", " titulo" and "TITULO:", or "" if the name is too long."""
    letters = _NOT_A_LETTER.sub("", folded_name(name))
    return _NOT_A_LETTER.sub("", normalize("NFKD", letters)).casefold() if len(letters) <= _MAX_NAME else ""


_KNOWN = {_folded(name): (field, place) for field, names in NAMES.items() for place, name in enumerate(names)}
_LAST = max(map(len, NAMES.values()))


def _meaning(name: str) -> tuple[str, int] | None:
    """The field of a column with this name, and the name's place among the names of the field: 0 is the best."""
    if found := _KNOWN.get(_folded(name)):
        return found
    field, place = _KNOWN.get(_folded(_IN_BRACKETS.sub("", name)), ("", 0))
    # "Date (start)" is a better name for the date than "Date (end)": only the first is also known with its bracket.
    return (field, _LAST + place) if field else None


def field_named(name: str) -> str | None:
    """The field that a column of this name holds, as far as its name tells."""
    found = _meaning(name)
    return found[0] if found else None


def recognised(header: Sequence[str]) -> dict[str, int]:
    """The position of each field's column, in the order of the fields. Of several, the one with the best name."""
    best: dict[str, tuple[int, int]] = {}
    for position, name in enumerate(header):
        if found := _meaning(name):
            field, place = found
            best[field] = min(best.get(field, (place, position)), (place, position))
    return {field: best[field][1] for field in FIELD_NAMES if field in best}


def is_own_export(header: Sequence[str]) -> bool:
    """Whether the file is one of our exports, perhaps edited: no other program writes the name "eventId" like this."""
    return "eventId" in header
