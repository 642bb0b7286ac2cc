"""Bugs of others: what went wrong in projects that do this job, each with its tests here.

A reference is the project's own issue, as `project#number`, or the name of a service that keeps
none; `ledger` is Formance's. What it was about is the first line of the test's docstring, and our
rule against it the rest. A bug has as many lines here as it has tests.

open-saas#727      test_concurrent_jobs_never_overspend_one_balance
eliza#10857        test_two_processes_never_overspend_one_balance
hyperswitch#13182  test_concurrent_refunds_never_exceed_the_capture
ledger#767         test_requests_whose_callers_left_leave_no_lock_behind
blnk#276           test_wallets_locked_in_opposite_orders_never_deadlock
polar#13272        test_a_payment_whose_service_is_killed_inside_it_wedges_nobody
polar#13272        test_a_payment_whose_service_stops_inside_it_wedges_nobody
polar#13272        test_every_batch_ends_by_itself_whatever_its_process_does
polar#13272        test_a_payment_whose_service_stops_as_it_prepares_wedges_nobody
midaz#2485         test_a_retry_after_a_timeout_applies_money_once
lago-api#5870      test_a_top_up_needs_a_key_and_is_made_once
wallets#109        test_a_retry_is_the_same_request_though_balances_have_changed
stack#1633         test_the_same_key_twice_in_one_batch_is_done_once
lago-api#6103      test_a_declined_refund_is_not_asked_for_again
blnk#203           test_no_float_is_an_amount
blnk#203           test_a_balance_is_the_sum_of_its_entries
lago-api#5121      test_every_fen_of_a_recharge_is_found_again
lago-api#5121      test_every_fen_of_a_membership_is_found_again
blnk#360           test_a_negative_amount_moves_nothing
blnk#360           test_a_tip_to_oneself_is_refused
blnk#43            test_a_hold_is_voided_once
polar#9410         test_an_upgrade_never_costs_less_than_nothing
polar#9410         test_no_order_has_a_price_below_nothing
pollinations#4937  test_the_daily_grant_never_touches_purchased_points
fountain#1126      test_expiry_takes_what_is_left_of_its_own_lot
fountain#1126      test_expired_points_cannot_be_spent_although_nobody_swept_them
NyxID#1050         test_what_is_both_paid_and_granted_is_given_once
NyxID#1050         test_a_lot_is_either_paid_or_free
RevenueCat         test_a_refund_of_spent_points_is_owed_and_not_forgotten
RevenueCat         test_a_refund_of_spent_points_is_booked_to_the_last_fen
fountain#1126      test_a_dispute_and_then_a_refund_take_value_back_once
fountain#1126      test_a_refund_and_then_a_dispute_take_value_back_once
exe.dev#214        test_the_day_begins_at_midnight_in_shanghai_to_the_microsecond
Kiro#7005          test_midnight_in_utc_resets_nothing
killbill#150       test_monthly_grants_fall_due_once_in_any_time_zone
ledger#866         test_every_read_probes_its_index_among_fifty_thousand_wallets
ledger#1295        test_pages_neither_repeat_nor_skip_while_others_write
tigerbeetle#2118   test_an_expired_hold_is_not_shown_as_held
sexyvoice#503      test_a_failed_job_never_looks_charged
Formance           test_sequence_numbers_have_no_gaps_whatever_failed
ledger#1349        test_hostile_text_in_every_parameter_is_a_value
ledger#1349        test_hostile_text_in_a_cursor_is_a_value
ledger#1349        test_hostile_text_in_a_header_is_a_value
ledger#1349        test_hostile_text_in_a_body_is_a_value
ledger#1018        test_a_ledger_of_the_first_release_is_migrated_and_lives_on
ledger#1018        test_a_ledger_of_the_first_release_verifies_after_its_migration
ledger#1018        test_a_membership_of_the_first_release_can_be_extended
ledger#1018        test_a_long_wallet_is_migrated_with_a_snapshot
"""
