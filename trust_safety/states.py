"""The states of what people contest, and every step between them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.states import StateTable, Transition
from trust_safety.errors import ContestAlreadyDecided


class ContestStatus(models.TextChoices):
    OPEN = "open", _("open")
    UPHELD = "upheld", _("upheld")
    OVERTURNED = "overturned", _("overturned")


CONTEST_STATES = StateTable(
    "contest",
    [
        Transition(
            "uphold",
            {ContestStatus.OPEN},
            ContestStatus.UPHELD,
            actors={"operator"},
            refusal=ContestAlreadyDecided,
        ),
        Transition(
            "overturn",
            {ContestStatus.OPEN},
            ContestStatus.OVERTURNED,
            actors={"operator"},
            refusal=ContestAlreadyDecided,
        ),
    ],
    ends={ContestStatus.UPHELD, ContestStatus.OVERTURNED},
)
