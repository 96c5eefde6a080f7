"""Forms by which one operator of finance asks for what a second one confirms."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.models import AccountKind
from payments.services.funds import CORRECTED, MOVES


class AskForm(forms.Form):
    """Rupees and a reason."""

    amount = forms.DecimalField(label=_("rupees"), max_digits=12, decimal_places=2)
    reason = forms.CharField(label=_("reason"), max_length=500)

    @property
    def paise(self) -> int:
        """The amount in paise."""
        rupees: Decimal = self.cleaned_data["amount"]
        return int(rupees * 100)


class MoveForm(AskForm):
    """A move of the platform's own money."""

    move = forms.ChoiceField(label=_("move"), choices=[(name, name.replace("_", " ")) for name in MOVES])
    utr = forms.CharField(label=_("UTR"), max_length=60)


class AdjustmentForm(AskForm):
    """A correction; negative rupees for the credit side of the account."""

    account = forms.ChoiceField(label=_("account"), choices=[(kind, AccountKind(kind).label) for kind in CORRECTED])
