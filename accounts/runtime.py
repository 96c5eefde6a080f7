"""Settings of accounts that operators change while the system runs."""

from typing import Any

from khidma.kernel.runtime import RuntimeSettings, setting


def are_country_codes(value: Any) -> bool:
    """Whether it is a list of one or more country codes such as `91`."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= 3 for code in value)
    )


class AccountSettings(RuntimeSettings, category="accounts"):
    """Codes, sessions and whose phones are taken."""

    phone_countries: list[str] = setting(
        ["91"], check=are_country_codes, help="Country codes of accepted phones, without the plus."
    )
    code_seconds: int = setting(300, minimum=60, maximum=900, help="How long a code lives, in seconds.")
    code_tries: int = setting(5, minimum=1, maximum=10, help="Tries per code; then that code is dead.")
    wrong_codes_per_hour: int = setting(
        25, minimum=5, maximum=100, help="Wrong tries per phone and hour before it is locked."
    )
    access_token_seconds: int = setting(
        900, minimum=60, maximum=900, help="How long an access token lives, in seconds."
    )
    session_days: int = setting(30, minimum=1, maximum=365, help="How long a session lives unused, in days.")
    operator_session_hours: int = setting(
        12, minimum=1, maximum=72, help="How long an operator's session lives unused, in hours."
    )
    refresh_repeat_seconds: int = setting(
        10, minimum=0, maximum=10, help="How long a used refresh token may be repeated, in seconds."
    )
