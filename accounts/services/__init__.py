"""Every write of accounts."""

from accounts.services.blocks import block_user, unblock_user
from accounts.services.changing_phone import change_phone, send_phone_codes
from accounts.services.lists import add_zone, change_zone, ensure_skills, retire_zone, seed_categories
from accounts.services.operators import (
    check_operator,
    check_second_factor,
    confirm_second_factor,
    create_operator,
    enrol_second_factor,
    log_in_operator,
)
from accounts.services.profiles import (
    hold_doer_profile,
    is_profile_complete,
    lower_trust_score,
    missing_fields,
    record_completed_gig,
    record_completion_rate,
    record_rating,
    require_active,
    require_ready,
    update_profile,
)
from accounts.services.sessions import Tokens, begin_session, end_session, end_sessions_of, log_out, refresh_session
from accounts.services.signing_in import SignedIn, send_email_code, send_sign_in_code, sign_in, verify_email
from accounts.services.suspensions import suspend_user, unsuspend_user
from accounts.services.texting import CODE_TEXTS
from accounts.services.verifying import hand_in_document, open_document, reject_infected

__all__ = [
    "CODE_TEXTS",
    "SignedIn",
    "Tokens",
    "add_zone",
    "begin_session",
    "block_user",
    "change_phone",
    "change_zone",
    "check_operator",
    "check_second_factor",
    "confirm_second_factor",
    "create_operator",
    "end_session",
    "end_sessions_of",
    "enrol_second_factor",
    "ensure_skills",
    "hand_in_document",
    "hold_doer_profile",
    "is_profile_complete",
    "log_in_operator",
    "log_out",
    "lower_trust_score",
    "missing_fields",
    "open_document",
    "record_completed_gig",
    "record_completion_rate",
    "record_rating",
    "refresh_session",
    "reject_infected",
    "require_active",
    "require_ready",
    "retire_zone",
    "seed_categories",
    "send_email_code",
    "send_phone_codes",
    "send_sign_in_code",
    "sign_in",
    "suspend_user",
    "unblock_user",
    "unsuspend_user",
    "update_profile",
    "verify_email",
]
