"""Phone numbers: one canonical form, before anything is counted or stored."""

import re

import phonenumbers

from accounts.runtime import AccountSettings

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
INDIAN = re.compile(r"\+91[6-9][0-9]{9}", re.ASCII)


def is_accepted_phone(phone: str) -> bool:
    """Whether it is E.164 and of an accepted country. An Indian number is +91 and ten digits starting 6–9."""
    if not E164.fullmatch(phone):
        return False
    try:
        parsed = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return False
    if str(parsed.country_code) not in AccountSettings.load().phone_countries:
        return False
    return bool(INDIAN.fullmatch(phone)) if parsed.country_code == 91 else phonenumbers.is_possible_number(parsed)
