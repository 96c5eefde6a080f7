"""Every rule of the socket's contract, and the tests that show it."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent

RULES = {
    "the token comes with the first frame, the subprotocol or the address": [
        "test_the_token_may_come_with_the_first_frame_the_subprotocol_or_the_address",
    ],
    "the token never reaches a log": [
        "test_the_real_server_keeps_tokens_out_of_its_log_and_closes_with_1012_when_it_stops",
        "test_an_address_that_is_no_socket_keeps_the_token_out_of_the_log_too",
    ],
    "ten seconds without authentication close with 4401": [
        "test_whoever_does_not_authenticate_in_time_is_closed_with_4401",
        "test_before_authentication_nothing_else_is_done",
    ],
    "a bad token is not_authenticated, then 4401": [
        "test_a_bad_token_is_refused_and_the_socket_closed_with_4401",
        "test_nobody_becomes_somebody_else_on_an_open_socket",
    ],
    "an expired token is token_expired, and 4401 if it is not renewed in time": [
        "test_a_token_that_expires_is_told_and_may_be_renewed",
    ],
    "a session that ends, or a suspension, closes with 4403 within 2 s": [
        "test_a_session_that_ends_closes_its_sockets_with_4403_and_no_others",
        "test_a_suspension_closes_and_then_leaves_reading_and_support",
    ],
    "the Origin must be allowed, where there is one": [
        "test_pages_of_strangers_are_refused_and_programs_without_origin_let_in",
    ],
    "RESUME sends every event again, in order, once": [
        "test_after_a_cut_every_event_comes_again_in_order_and_once",
        "test_a_resume_that_takes_long_is_not_overtaken",
        "test_a_long_absence_is_made_up_for_in_order",
    ],
    "RESET where the events are no longer kept": [
        "test_what_is_no_longer_kept_cannot_be_resumed",
    ],
    "a message is acknowledged to its sender with its ref and heard by the other side": [
        "test_a_message_is_stored_acknowledged_with_its_ref_and_heard_by_the_other_party",
        "test_two_devices_of_one_user_both_hear_and_see_what_the_other_sent",
    ],
    "the same clientMessageId makes no second message": [
        "test_a_message_sent_again_is_acknowledged_again_and_stored_once",
    ],
    "reading is told to both": [
        "test_reading_is_told_to_both_and_told_again_to_whoever_asks_again",
    ],
    "typing is for subscribers, and stops by itself": [
        "test_typing_is_heard_by_subscribers_only_and_stops_by_itself",
        "test_whoever_hangs_up_types_no_more",
    ],
    "news of orders, applications and notifications goes to its user": [
        "test_what_other_apps_push_is_heard_by_its_user_alone",
    ],
    "the server pings the silent, and closes with 4409": [
        "test_the_server_pings_the_silent_and_then_closes_with_4409",
    ],
    "whoever is no party hears not_found": [
        "test_a_stranger_hears_that_there_is_no_such_conversation",
        "test_a_stranger_cannot_mark_messages_as_read",
    ],
    "text, attachments and fields within their limits": [
        "test_a_frame_with_wrong_data_is_refused_by_field",
    ],
    "a frame over 64 KiB closes with 1009, in pieces too": [
        "test_a_frame_over_64_kib_closes_with_1009",
        "test_a_message_in_fragments_over_64_kib_closes_with_1009_and_one_within_it_is_read",
    ],
    "nonsense is answered; twenty pieces of it in a minute close with 4400": [
        "test_nonsense_is_answered_and_the_socket_lives_on",
        "test_twenty_pieces_of_nonsense_in_a_minute_close_with_4400",
        "test_binary_frames_are_answered_as_nonsense",
    ],
    "20 messages and 60 frames in 10 s": [
        "test_the_twenty_first_message_in_ten_seconds_is_not_stored",
        "test_the_sixty_first_frame_in_ten_seconds_of_a_user_is_refused",
    ],
    "ten sockets of a user; the oldest is closed with 4408": [
        "test_the_eleventh_socket_closes_the_first_with_4408",
    ],
    "whoever reads too slowly is closed with 4410 and resumes": [
        "test_a_client_that_never_reads_is_closed_and_resumes_without_loss",
        "test_a_client_that_reads_nothing_at_all_is_cut_off",
    ],
    "1012 when the server stops or the database is lost": [
        "test_a_restart_closes_with_1012_and_what_was_said_meanwhile_comes_after_it_once",
        "test_without_the_database_sockets_are_closed_with_1012",
    ],
    "1013 when the cache is down, and sending still stores": [
        "test_a_long_loss_closes_with_1013_and_clients_resume_when_it_is_back",
        "test_without_the_cache_sockets_are_closed_with_1013_and_sending_still_stores",
    ],
    "a ring that is lost loses no event": [
        "test_a_ring_that_was_lost_costs_a_moment_and_no_event",
        "test_a_short_loss_of_the_doorbell_loses_no_event",
    ],
}
"""`NEW_OFFER` has no row: there are no offers yet."""


def tests_here() -> set[str]:
    """The names of all tests beside this one."""
    trees = [ast.parse(path.read_text()) for path in HERE.glob("test_*.py")]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_shown_by_tests_that_are_there(rule: str) -> None:
    assert not set(RULES[rule]) - tests_here()
