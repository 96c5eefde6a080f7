"""What stands at the top of every page of the admin: whether the books balance, and when that was looked at."""

from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from operations.selectors import last_check


def books_badge(request: HttpRequest) -> list[str]:
    """The words and their colour, out of the stored result of the last full check."""
    check = last_check()
    if check.checked_at is None:
        return [_("The books have not been added up yet"), "warning"]
    moment = formats.date_format(timezone.localtime(check.checked_at), "SHORT_DATETIME_FORMAT")
    if check.balanced:
        return [_("The books balance (%(moment)s)") % {"moment": moment}, "success"]
    return [_("The books DO NOT balance (%(moment)s)") % {"moment": moment}, "danger"]
