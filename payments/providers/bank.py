"""The statement of our own bank, where it can be fetched. In production operators bring it as a file."""

from dataclasses import dataclass
from datetime import date

import requests
from django.conf import settings

from khidma.kernel.network import forbid_in_transaction
from payments.providers.gateway import GatewaySilent

TIMEOUT = (3.0, 10.0)


@dataclass(frozen=True)
class StatementRow:
    """One line of the statement in paise; debits are negative."""

    on: date
    utr: str
    amount: int
    description: str


def fetch_statement() -> list[StatementRow]:
    """Every line that the stand-in's bank shows; nothing where there is none to ask.

    :raises GatewaySilent: it does not answer.
    """
    if not settings.BANK_STATEMENT_URL:
        return []
    forbid_in_transaction()
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(settings.BANK_STATEMENT_URL, timeout=TIMEOUT)
            answer.raise_for_status()
            items = answer.json()["items"]
    except (requests.RequestException, KeyError, ValueError) as error:
        raise GatewaySilent(f"bank: {type(error).__name__}") from error
    return [
        StatementRow(date.fromisoformat(item["date"]), item["utr"], item["amount"], item["description"])
        for item in items
    ]
