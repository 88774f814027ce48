//! One suite that makes a driver done: every case runs on every driver (R34).
//!
//! One run of one case: `cargo test --test journeyman conformance::memory::jobs_come_out_in_the_order_they_went_in`.
//! A new driver: a backend in `stores.rs` and two lines at the end of this file. The ids in the cases' comments are those
//! of `docs/requirements.md`; `S…` is a store rule of `docs/design.md`.

mod extend;
mod follow;
mod harness;
mod hasten;
mod insisting;
mod jobs;
mod lanes;
mod listing;
mod look;
mod named;
mod names;
mod notes;
mod operate;
mod promote;
mod prune;
mod push;
mod reclaim;
mod reserve;
mod settle;
mod stale;
pub mod stores;
mod unique;
mod wakeups;

/// Makes the tests of one lane.
macro_rules! tests_on {
    ($lane:ident, $driver:ident, $runner:path: $($area:ident { $($case:ident),+ $(,)? })+) => {
        mod $lane {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    fn case(harness: &super::harness::Harness) -> super::lanes::Running<'_> {
                        Box::pin(super::$area::$case(harness))
                    }
                    $runner(stringify!($case), super::stores::$driver, case).await;
                }
            )+)+
        }
    };
}

/// The suite on a store that works.
macro_rules! conformance {
    ($driver:ident) => {
        suite!($driver, $driver, super::lanes::plainly);
    };
}

/// The suite once more on a store of whose calls one in twenty fails, with a caller that insists.
macro_rules! conformance_under_faults {
    ($lane:ident, $driver:ident) => {
        suite!($lane, $driver, super::lanes::under_faults);
    };
}

/// The suite. A case that is not named here is dead code, and the compiler says so.
macro_rules! suite {
    ($lane:ident, $driver:ident, $runner:path) => {
        tests_on! { $lane, $driver, $runner:
            unique {
                a_second_job_with_the_key_is_not_stored,
                another_queue_may_use_the_key,
                a_key_twice_in_one_push_stores_the_first,
                a_delayed_job_keeps_its_key,
                the_key_is_kept_while_the_job_runs_and_between_tries,
                completing_frees_the_key,
                failing_frees_the_key,
                cancelling_frees_the_key,
                purging_frees_the_key,
                an_end_frees_only_its_own_lock,
                a_repeated_push_is_not_a_duplicate_of_itself,
                a_retried_job_takes_its_key_again,
                a_job_whose_key_is_taken_is_not_retried,
                pushes_at_once_with_one_key_store_one_job,
                a_duplicate_does_not_stop_a_whole_bulk,
            }
            named {
                a_job_is_found_and_runs_under_the_callers_id,
                the_same_dispatch_again_is_the_same_job,
                another_body_under_the_id_is_a_conflict,
                another_queue_under_the_id_is_a_conflict,
                pushes_at_once_to_several_queues_store_the_id_once,
                a_whole_bulk_over_several_queues_is_stored,
                a_conflict_withholds_a_whole_bulk,
                a_bulk_in_conflict_with_itself_is_withheld,
                a_repetition_beside_a_conflict_is_told_from_it,
                a_withheld_bulk_names_every_conflict,
                a_whole_bulk_again_is_the_same_jobs,
                a_forgotten_id_may_be_used_again,
            }
            follow {
                a_follower_is_stored_with_the_settlement,
                a_follower_goes_to_its_own_queue,
                a_follower_may_come_from_a_release,
                nothing_follows_from_a_stale_settle,
                a_repeated_settle_stores_its_follower_once,
                a_follower_that_is_there_already_is_harmless,
                a_batch_stores_the_followers_of_each,
                a_large_follower_comes_through_byte_for_byte,
            }
            operate {
                a_pending_job_is_cancelled,
                a_delayed_job_is_cancelled_and_never_runs,
                a_job_that_does_not_wait_is_not_cancelled,
                a_cancelled_record_is_pruned_in_its_time,
                a_failed_job_is_put_back_with_all_its_tries,
                a_retried_job_goes_to_the_back_of_its_queue,
                a_retried_job_is_what_it_was,
                a_cancelled_job_is_put_back,
                a_retried_system_error_is_counted_no_more,
                only_failed_and_cancelled_jobs_are_retried,
                a_job_retried_twice_waits_once,
                a_token_from_before_a_retry_is_stale,
                a_job_can_fail_again_after_a_retry,
                a_forgotten_record_is_gone,
                a_job_that_has_not_ended_is_not_forgotten,
                a_forgotten_system_error_is_counted_no_more,
                a_purge_takes_what_waits_and_nothing_else,
                a_purge_of_one_priority_leaves_the_others,
                a_purge_is_bounded,
                a_paused_queue_gives_nothing,
                a_pause_touches_only_its_queue,
                a_due_job_of_a_paused_queue_waits,
                a_pause_is_everybodys,
                a_queue_can_be_paused_before_its_first_push,
                a_reclaim_heeds_no_pause,
                a_restart_signal_is_seen_by_every_handle,
                the_worker_says_which_priority_goes_first,
            }
            hasten {
                a_delayed_job_is_hastened,
                a_retry_that_waits_is_hastened_with_its_attempts,
                a_hastened_job_goes_to_the_back_of_its_priority,
                only_delayed_jobs_are_hastened,
                a_hastened_job_of_a_paused_queue_waits,
                a_hastened_job_keeps_its_unique_key,
                a_hastened_job_can_be_cancelled_and_delayed_again,
            }
            listing {
                pending_jobs_are_listed_as_they_would_run,
                a_requeued_job_is_listed_first,
                a_job_that_came_due_is_listed_where_it_waits,
                delayed_jobs_are_listed_soonest_first,
                reserved_jobs_are_listed_longest_held_first,
                ended_jobs_are_listed_latest_first,
                jobs_that_ended_together_are_listed_once_each,
                a_listed_record_is_the_whole_record,
                a_listing_is_of_one_queue_and_state,
                pages_hold_while_jobs_come_and_go,
                pages_of_waiting_jobs_hold_while_the_queue_moves,
                a_cursor_that_is_none_is_refused,
                a_system_error_is_listed,
            }
            notes {
                a_note_comes_back_byte_for_byte,
                a_note_is_written_over_the_one_of_its_key,
                notes_come_in_the_order_of_their_bytes,
                a_range_of_notes_is_told_up_to_its_max,
                kinds_of_notes_are_apart,
                a_note_is_gone_once_its_time_has_passed,
                a_note_that_is_written_again_is_kept_anew,
                an_erased_note_is_gone,
                many_notes_come_and_go,
                notes_that_are_too_large_are_refused,
                notes_written_at_once_are_each_whole,
            }
            push {
                a_pushed_job_is_pending,
                a_job_delayed_by_a_duration_waits_for_it,
                a_job_for_a_time_waits_for_it,
                a_time_in_the_past_is_now,
                a_delay_of_nothing_is_now,
                the_same_push_twice_stores_one_job,
                the_same_job_twice_in_one_push_is_stored_once,
                a_repeated_push_leaves_a_job_that_runs_alone,
                a_repeated_push_does_not_run_an_ended_job_again,
                a_repeated_push_with_another_delay_moves_nothing,
                the_same_id_with_another_body_is_a_conflict,
                a_conflict_does_not_stop_the_others,
                a_push_over_several_queues_answers_in_order,
                an_empty_push_is_nothing,
                a_push_of_a_thousand_is_stored_in_order,
                pushes_at_once_of_one_job_store_it_once,
                bodies_come_back_byte_for_byte,
                a_body_of_a_mebibyte_comes_back,
            }
            names {
                queues_named_alike_do_not_touch,
                the_longest_names_are_told_apart,
                upper_and_lower_case_are_two_queues,
            }
            reserve {
                jobs_come_out_in_the_order_they_went_in,
                the_push_decides_the_order_not_the_ids,
                the_more_urgent_job_goes_first,
                priority_rules_across_queues,
                among_equals_the_earlier_queue_goes_first,
                each_priority_keeps_its_order_across_a_batch,
                at_most_max_are_taken,
                a_max_of_nothing_takes_nothing,
                an_empty_queue_gives_nothing,
                no_queues_give_nothing,
                other_queues_are_left_alone,
                a_reserved_job_is_not_handed_out_again,
                a_reserve_counts_an_attempt_and_puts_it_in_the_token,
                the_time_of_the_reserve_is_told,
                a_fresh_job_has_no_trail,
                the_time_to_the_next_due_job_is_told,
                due_jobs_come_along_without_promotion,
                a_delayed_job_never_comes_early,
                due_jobs_keep_to_priority,
                a_repeated_call_returns_what_the_first_took,
                a_repeated_call_takes_no_more_than_the_first_took,
                a_repeated_call_after_nothing_is_a_fresh_one,
                a_repeated_call_counts_no_attempt,
                another_workers_call_is_not_repeated,
                workers_at_once_never_share_a_job,
            }
            extend {
                a_beat_keeps_the_lease,
                a_beat_covers_every_queue,
                a_late_beat_revives_a_lease_that_nobody_reclaimed,
                a_reclaimed_job_is_reported_lost,
                a_beat_does_not_take_a_lost_job_back,
                a_job_missing_from_the_beat_is_reported_with_all_to_give_it_back,
                an_unknown_job_is_reported_with_its_trail,
                an_unknown_job_is_reported_at_every_beat,
                an_old_token_of_a_job_held_again_is_lost_and_the_new_one_unknown,
                a_beat_with_nothing_held_is_fine,
                a_beat_does_not_bring_back_a_settled_job,
                a_beat_touches_no_other_worker,
                a_reserve_renews_the_lease_of_all,
            }
            settle {
                each_settlement_leads_to_its_state,
                each_settlement_counts_where_it_should,
                each_settlement_keeps_or_refunds_the_attempt,
                an_ended_job_is_not_handed_out_again,
                a_release_without_delay_goes_to_the_back,
                a_release_with_a_delay_is_due_exactly_then,
                a_snoozed_job_is_due_exactly_then,
                a_requeued_job_goes_to_the_front,
                jobs_requeued_together_keep_their_order,
                a_requeued_job_keeps_its_priority,
                the_trail_comes_back_at_the_next_reserve,
                the_trail_of_an_ended_job_is_found,
                a_settle_repeated_is_known_and_counts_once,
                a_second_settle_under_one_token_changes_nothing,
                a_repeated_settle_does_not_touch_the_next_holder,
                one_job_twice_in_a_batch_is_settled_once,
                a_mixed_batch_answers_in_order,
                a_batch_may_span_queues,
                a_batch_of_five_hundred_is_settled,
                an_empty_batch_is_nothing,
                a_settle_after_the_lease_is_done_if_nobody_reclaimed,
                an_undecodable_record_is_a_system_error,
                timeouts_are_counted,
                settles_at_once_of_one_job_end_it_once,
            }
            stale {
                a_token_of_another_call_is_stale,
                a_token_of_another_attempt_is_stale,
                a_token_off_by_one_bit_is_stale,
                a_token_from_before_a_reclaim_is_stale,
                a_token_settled_long_ago_is_stale,
                a_job_that_waits_cannot_be_settled,
                an_ended_job_cannot_be_settled_by_another,
                an_unknown_job_is_stale,
            }
            promote {
                only_due_jobs_are_promoted,
                a_promoted_job_keeps_its_time,
                promoted_jobs_keep_their_order,
                promoted_jobs_go_behind_those_that_wait,
                promotion_is_bounded,
                promotion_sweeps_every_queue,
                a_promoted_job_keeps_its_priority,
                a_released_job_is_promoted_like_any_other,
                promoters_at_once_move_each_job_once,
            }
            reclaim {
                nothing_is_reclaimed_before_the_lease_ends,
                a_dead_workers_jobs_pass_on,
                a_reclaimed_job_keeps_body_and_trail,
                a_reclaim_begins_no_attempt,
                a_reclaim_is_bounded_and_the_rest_comes_next,
                every_dead_worker_is_swept,
                a_living_workers_jobs_are_left_alone,
                a_dead_reapers_jobs_pass_on_again,
                a_reaper_holds_what_it_rescued,
                a_reaper_does_not_reclaim_its_own_jobs,
                a_repeated_reclaim_returns_the_same,
                reapers_at_once_share_no_job,
                a_retired_worker_can_start_again,
                a_worker_that_retires_with_jobs_keeps_them_until_its_lease_ends,
                a_reserve_takes_no_dead_workers_job,
            }
            prune {
                a_record_is_kept_for_its_time,
                a_job_that_ran_late_is_kept_as_long,
                an_id_never_seen_is_not_an_expired_one,
                the_newest_records_are_kept,
                the_newest_end_counts_not_the_newest_push,
                pruning_is_bounded,
                a_ttl_of_nothing_keeps_only_the_failed,
                a_ttl_of_nothing_still_bounds_the_failed,
                pruning_touches_no_job_that_has_not_ended,
                a_pruned_system_error_is_counted_no_more,
                a_pruned_job_stays_gone,
            }
            look {
                a_record_tells_all_in_every_state,
                an_ended_job_keeps_when_it_started,
                a_job_given_back_keeps_when_it_started,
                the_numbers_add_up,
                the_numbers_of_a_queue_never_pushed_to_are_zero,
                numbers_come_in_the_order_asked,
                queues_are_listed_by_name,
                another_handle_sees_the_same_jobs,
                the_store_answers_and_says_how_safe_it_is,
                the_store_tells_its_own_time,
            }
            wakeups {
                a_push_wakes_who_listens,
                a_hint_is_kept_while_nobody_waits,
                every_listener_of_a_queue_is_woken,
                a_listener_hears_each_of_its_queues,
                a_push_to_another_queue_wakes_nobody,
                a_delayed_push_that_is_the_earliest_wakes,
                a_hastened_job_wakes_who_listens,
                another_handle_hears_a_push,
            }
        }
    };
}

conformance!(mariadb);
conformance!(memory);
conformance!(postgres);
conformance!(redis);
conformance!(sqlite);

conformance_under_faults!(mariadb_under_faults, mariadb);
conformance_under_faults!(memory_under_faults, memory);
conformance_under_faults!(postgres_under_faults, postgres);
conformance_under_faults!(redis_under_faults, redis);
conformance_under_faults!(sqlite_under_faults, sqlite);
