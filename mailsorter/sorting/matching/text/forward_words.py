"""The words of forwarded header blocks, by language: a table, so that a reader can add a line.

As Outlook, Apple Mail, Gmail, Thunderbird and the mobile apps write them in Dutch, English, German, French, Spanish,
Italian, Portuguese and Polish. Words are parted by commas and compared without regard to case.
"""

from __future__ import annotations

FIELDS: dict[str, tuple[str, ...]] = {
    "from": (
        "van, afzender",  # nl
        "from, sender",  # en
        "von, absender",  # de
        "de, expéditeur",  # fr, es, pt
        "remitente",  # es
        "da, mittente",  # it
        "remetente",  # pt
        "od, nadawca",  # pl
    ),
    "to": ("aan, naar", "to", "an, empfänger", "à, destinataire", "para", "a, destinatario", "do"),
    "cc": ("cc, kopie, bcc", "copie, cci", "cco", "ccn", "dw, udw", "copia"),
    "reply-to": ("beantwoorden, antwoordadres, antw.adres", "reply-to", "antwort an", "répondre à", "responder a"),
    "date": (
        "verzonden, datum, verzonden op",
        "sent, date",
        "gesendet, gesendet am",
        "envoyé, envoyé le",
        "enviado, enviado el, fecha",
        "inviato, data, data invio",
        "enviada, enviado em, enviada em",
        "wysłano, wysłane",
    ),
    "subject": ("onderwerp", "subject", "betreff", "objet", "asunto", "oggetto", "assunto", "temat"),
    "other": (
        "prioriteit, belang, urgentie, bijlagen",
        "importance, priority, attachments",
        "wichtigkeit, priorität, anlagen",
        "pièces jointes, priorité",
        "importancia, prioridad, datos adjuntos",
        "importanza, priorità, allegati",
        "importância, prioridade, anexos",
        "ważność, załączniki",
    ),
}

ANNOUNCEMENTS = r"""
    -{2,}\s*oorspronkelijk bericht
    -{2,}\s*doorgestuurd bericht
    -{2,}\s*original message
    -{2,}\s*forwarded (?:message|by)
    -{2,}\s*ursprüngliche nachricht
    -{2,}\s*weitergeleitete nachricht
    -{2,}\s*message (?:d'origine|transféré|transmis|original)
    -{2,}\s*mensaje (?:original|reenviado)
    -{2,}\s*messaggio (?:originale|inoltrato)
    -{2,}\s*mensagem (?:original|encaminhada)
    -{2,}\s*(?:wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana|przekazana wiadomość)
    begin (?:doorgestuurd bericht|forwarded message)
    anfang der weitergeleiteten (?:nachricht|e-mail)
    début du message (?:réexpédié|transféré)
    inicio del mensaje reenviado
    inizio (?:del )?messaggio inoltrato
    início da mensagem (?:reencaminhada|encaminhada)
    początek przekazan(?:ej|ego) (?:wiadomości|listu)
"""

QUOTE_START = "op|on|am|le|el|il|em|w|dnia"
"""How the line above a quoted answer begins."""
QUOTE_VERB = "schreef|wrote|schrieb|a écrit|escribió|ha scritto|escreveu|napisał|pisze"
"""The verb of that line."""


def words_of(field: str) -> list[str]:
    """The words for one field, in every language."""
    return [word.strip() for line in FIELDS[field] for word in line.split(",")]
