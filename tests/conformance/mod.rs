//! One suite that makes a driver done: every case runs on every driver.
//!
//! One run of one case: `cargo test --test journeyman conformance::memory::jobs_come_out_in_the_order_they_went_in`.
//! A new driver: a backend in `stores.rs` and a line at the end of this file. The ids in the cases' comments are those
//! of `docs/requirements.md`; `S…` is a store rule of `docs/design.md`.

mod harness;
mod jobs;
mod names;
mod push;
mod reserve;
mod stores;

/// Makes the tests of one driver.
macro_rules! tests_on {
    ($driver:ident: $($area:ident { $($case:ident),+ $(,)? })+) => {
        mod $driver {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let harness = super::harness::Harness::on(super::stores::$driver).await;
                    super::$area::$case(&harness).await;
                    harness.check().await;
                }
            )+)+
        }
    };
}

/// The suite. A case that is not named here is dead code, and the compiler says so.
macro_rules! conformance {
    ($driver:ident) => {
        tests_on! { $driver:
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
        }
    };
}

conformance!(memory);
conformance!(sqlite);
