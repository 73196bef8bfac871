"""The facts and the security checklist of the design, each with the tests it has.

A line names tests, not claims: whoever renames one, or drops it, is told here.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FACTS = {
    "1 a mark above @route, a wrapper, a replaced view: closed": """
        guard/test_ways_in.py::test_the_order_of_decorators_opens_nothing
        guard/test_ways_in.py::test_a_mark_above_the_route_is_none_of_its_view
        guard/test_gate.py::test_flask_logins_silently_public_view_is_closed
        guard/test_gate.py::test_a_lost_mark_leaves_the_route_closed
        guard/test_gate.py::test_a_replaced_view_is_judged_anew""",
    "2 an OPTIONS view of the application is guarded": """
        guard/test_gate.py::test_a_handwritten_options_view_is_guarded
        guard/test_ways_in.py::test_no_method_path_or_header_leads_in""",
    "3 a denied POST leads back to its page, a program gets no redirect": """
        guard/test_next.py::test_a_denied_post_leads_back_to_its_page
        guard/test_gate.py::test_login_outcome""",
    "4 logout leaves nothing, a deleted user is asked for once": """
        guard/test_session.py::test_logout_empties_the_session_and_deletes_the_cookie
        guard/test_session.py::test_an_ended_sign_in_leaves_nothing_to_the_next_user
        guard/test_extension.py::test_a_user_who_is_gone_is_looked_for_once
        sessions/test_guard_kinds.py::test_one_browser_two_users_nothing_mixed""",
    "5 remember me ends, follows key rotation, can be cleared": """
        guard/test_flask_login_behaviour.py::test_a_remembered_sign_in_ends
        guard/test_flask_login_behaviour.py::test_a_copied_cookie_ends_with_the_epoch
        guard/test_session.py::test_an_epoch_survives_key_rotation
        sessions/test_cookie.py::test_a_fallback_verifies_and_never_signs
        sessions/test_ids.py::test_the_cookie_has_flasks_attributes_also_when_deleted
        sessions/test_guard_kinds.py::test_a_slow_request_beside_a_logout_revives_nothing""",
    "6 a pushed context lends nobody an identity": """
        guard/test_session.py::test_a_pushed_app_context_lends_nobody_an_identity
        guard/test_ways_in.py::test_a_client_inside_of_another_request_is_a_stranger""",
    "7 an open page leaves the session alone, two guards do not mix": """
        guard/test_gate.py::test_an_open_page_touches_neither_session_nor_authenticators
        guard/test_session.py::test_two_guards_do_not_sign_in_for_each_other
        guard/test_ways_in.py::test_two_apps_share_nothing""",
    "8 nobody passes a negation; stale outweighs denied": """
        guard/test_rules.py::test_nobody_is_never_admitted
        guard/test_rules.py::test_outcome""",
    "9 the login view answers everywhere, and nothing loops": """
        guard/test_next.py::test_deny_login_and_back
        guard/test_next.py::test_deny_after_login_does_not_loop
        guard/test_settings_rows.py::test_a_setting_does_what_its_row_says
        guard/test_gate.py::test_deny_is_a_403_and_never_a_redirect""",
    "10 no payload leaves: as data, by fuzz, by Node, in a browser, by requests": """
        guard/test_policy.py::test_a_target_that_leaves_the_site_is_refused
        guard/test_policy.py::test_a_path_of_this_site_passes_unchanged
        guard/test_policy.py::test_browsers_agree_that_safe_targets_stay_here
        guard/test_next.py::test_no_next_ever_leaves_or_fails
        guard/test_next_in_browsers.py::test_an_accepted_link_stays_and_the_corpus_is_dangerous
        guard/test_next_in_browsers.py::test_a_redirect_to_an_accepted_target_stays
        guard/test_next_in_browsers.py::test_no_refused_target_is_followed
        guard/test_redirect_requests.py::test_no_payload_is_where_a_sign_in_leads
        guard/test_redirect_requests.py::test_no_header_makes_a_redirect_leave
        guard/test_redirect_requests.py::test_a_denied_address_comes_back_as_a_path""",
    "11 fixation: a planted session stays anonymous": """
        guard/test_session.py::test_a_planted_cookie_stays_anonymous
        sessions/test_guard_kinds.py::test_a_planted_session_is_worth_nothing
        sessions/test_attacks.py::test_a_cookie_planted_before_login_stays_anonymous""",
    "12 slow requests, planted pickle, raw ids, a store that is down": """
        sessions/test_guard_kinds.py::test_a_slow_request_beside_a_logout_revives_nothing
        sessions/test_guard_kinds.py::test_of_writers_beside_a_logout_none_survives
        sessions/test_guard_kinds.py::test_writers_of_a_signed_in_browser_lose_nothing
        sessions/test_attacks.py::test_planted_pickle_bytes_are_never_executed
        sessions/test_attacks.py::test_the_raw_id_is_neither_in_the_store_nor_in_a_log
        sessions/test_reading.py::test_a_page_that_ignores_the_session_costs_nothing
        sessions/test_guard_fleet.py::test_a_store_that_dies_before_the_guard_asks_opens_nothing
        sessions/test_guard_fleet.py::test_workers_share_their_sessions_and_outlive_the_store""",
    "13 one winner a key; a full store keeps what it has": """
        stores/test_contract.py::test_put_if_absent_has_one_winner_among_threads
        stores/test_memory.py::test_a_full_store_refuses_and_keeps
        sessions/test_guard_settings.py::test_a_full_memory_refuses_the_next_sign_in""",
    "14 purposes, ages and keys of tokens, addresses, epochs and sessions": """
        signing/test_tokens.py::test_purposes_never_mix
        signing/test_tokens.py::test_a_bare_serializer_with_the_same_secret_does_not_verify
        signing/test_tokens.py::test_an_old_token_has_expired
        signing/test_tokens.py::test_a_token_outlives_a_key_rotation
        signing/test_urls.py::test_an_address_outlives_a_key_rotation
        guard/test_session.py::test_an_epoch_survives_key_rotation
        sessions/test_cookie.py::test_a_fallback_verifies_and_never_signs""",
    "16 an unknown user costs what a known one costs": """
        guard/test_passwords.py::test_what_cannot_verify_costs_one_hash
        guard/test_passwords.py::test_the_dummy_costs_what_a_real_hash_costs""",
    "17 what runs before any guard": """
        guard/test_gate.py::test_what_runs_before_any_guard
        guard/test_lockfile.py::test_what_runs_before_the_guard_is_named
        guard/test_map.py::test_unusual_rules""",
    "18 the lock: bytes, order, changes, merges, hostile rules, debug, reasons": """
        guard/test_lock_changes.py::test_no_change_of_access_hides
        guard/test_lock_changes.py::test_hostile_rules_are_one_line_each
        guard/test_lock_changes.py::test_equal_apps_make_equal_bytes
        guard/test_lock_changes.py::test_what_the_lock_does_not_tell_apart
        guard/test_lock.py::test_what_editors_do_to_text_is_tolerated
        guard/test_lock.py::test_a_broken_text_is_refused_with_its_line
        guard/test_lockfile.py::test_a_merged_file_in_another_order_is_equal
        guard/test_lockfile.py::test_routes_of_debug_mode_are_not_locked
        guard/test_marks.py::test_a_reason_is_one_printable_line""",
    "19 async loaders and views, a bare test request": """
        guard/test_session.py::test_async_loader_and_views
        guard/test_attacks.py::test_async_callbacks_work_in_async_views
        guard/test_session.py::test_user_in_a_bare_test_request_context""",
}

CHECKLIST = {
    "redirects: reject, never repair": """
        guard/test_policy.py::test_safe_next_returns_the_target_or_the_default
        guard/test_redirect_requests.py::test_what_is_a_page_here_is_reached""",
    "401 with challenges; bearer errors; step-up; schemes in any case": """
        guard/test_gate.py::test_a_401_carries_a_challenge_for_each_authenticator
        guard/test_gate.py::test_a_missing_scope_is_named
        guard/test_gate.py::test_a_stale_sign_in_asks_for_a_new_one
        guard/test_credentials.py::test_the_scheme_is_case_insensitive""",
    "caching: only guarded answers are touched": """
        guard/test_gate.py::test_guarded_answers_stay_out_of_shared_caches
        guard/test_caching.py::test_guarded_answers_vary_by_what_the_guard_reads
        sessions/test_attacks.py::test_an_open_page_is_cacheable_with_and_without_a_cookie""",
    "CSRF by origin, login included; same-site fails": """
        guard/test_origin.py::test_matrix
        guard/test_origin.py::test_login_csrf_is_refused
        guard/test_settings_rows.py::test_strict_refuses_who_does_not_tell""",
    "sessions: rotated, cleared, ended everywhere by the epoch": """
        guard/test_session.py::test_sessions_rotate_at_login_and_confirm
        guard/test_session.py::test_an_epoch_logs_out_everywhere
        sessions/test_guard_kinds.py::test_an_epoch_ends_every_copy
        sessions/test_attacks.py::test_a_proof_rotates""",
    "tokens in addresses: no-store, no referrer, read before used": """
        signing/test_tokens.py::test_a_page_that_reads_a_token_is_not_stored_or_told
        signing/test_tokens.py::test_reading_does_not_spend
        guard/test_signed.py::test_the_address_stays_with_who_has_it""",
    "enumeration: our log never holds the identifier": """
        guard/test_extension.py::test_a_failed_sign_in_is_told_but_not_logged
        guard/test_passwords.py::test_the_dummy_costs_what_a_real_hash_costs""",
    "API keys: hashed, found by prefix; Basic is origin-checked": """
        guard/test_credentials.py::test_a_new_key_is_found_by_its_prefix
        guard/test_credentials.py::test_what_is_stored_shows_no_digest
        guard/test_credentials.py::test_a_form_of_another_site_cannot_use_the_password""",
    "rehash at sign-in": """
        guard/test_passwords.py::test_hashes_of_another_make_are_renewed""",
}

FEATURES = {
    "remember me": """
        guard/test_session.py::test_remember_is_a_permanent_session
        guard/test_flask_login_behaviour.py::test_remember_outlives_the_browser""",
    "freshness, idle and absolute age": """
        guard/test_settings_rows.py::test_a_setting_does_what_its_row_says
        guard/test_session.py::test_last_seen_is_renewed_every_tenth
        guard/test_session.py::test_max_age_counts_from_the_sign_in""",
    "confirm": """
        guard/test_session.py::test_confirm_renews_freshness_and_age
        guard/test_session.py::test_confirm_needs_a_session""",
    "several named guards": """
        guard/test_session.py::test_both_sign_ins_live_in_one_browser
        guard/test_settings.py::test_a_named_guard_reads_its_own_keys
        guard/test_ways_in.py::test_a_guard_takes_no_key_of_flasks_session""",
    "on_denied": """
        guard/test_gate.py::test_what_on_denied_returns_is_the_answer""",
    "the trace, in debug only": """
        guard/test_gate.py::test_the_decision_shows_in_debug_only
        guard/test_identify.py::test_a_refusal_names_who_was_asked_and_who_answered""",
    "five signals": """
        guard/test_extension.py::test_signals_tell_what_happened""",
    "template helpers load nothing until used": """
        guard/test_extension.py::test_template_helpers_load_nothing_until_used""",
    "whatever is built: map, probe and requests agree": """
        guard/test_random_apps.py::test_a_stranger_reaches_what_is_open_and_nothing_else""",
}


@functools.cache
def _defined_in(file: str) -> frozenset[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef)
    )


@pytest.mark.parametrize("line", [*FACTS, *CHECKLIST, *FEATURES])
def test_a_line_has_the_tests_it_names(line: str) -> None:
    """Each of them exists."""
    named = {**FACTS, **CHECKLIST, **FEATURES}[line].split()

    assert named
    for name in named:
        file, _, test = name.partition("::")
        assert test in _defined_in(file), name


def test_every_fact_has_a_line() -> None:
    """Facts 1 to 19; of 15, how large a cookie may be, ``config`` has the check."""
    assert {int(line.split()[0]) for line in FACTS} == {*range(1, 20)} - {15}
