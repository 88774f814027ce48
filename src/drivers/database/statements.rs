//! The statements, one file each in `sql/`, in the words of either family of servers.
//!
//! Their texts never change, whatever they are given: a prepared statement is made once per connection, and sqlx closes
//! none, which on MariaDB costs tens of milliseconds. That is why many rows go in as one value, see `value.rs`.

use std::sync::LazyLock;

/// One statement.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) text: &'static str,
    /// Which value goes to each `?` of the text, from 0. Empty where the server numbers its parameters itself.
    pub(super) order: Vec<usize>,
}

macro_rules! statements {
    ($($name:ident),+ $(,)?) => {
        /// All of them, for one family of servers.
        #[derive(Debug)]
        pub(super) struct Statements {
            $(pub(super) $name: Statement,)+
        }

        pub(super) static MYSQL: LazyLock<Statements> = LazyLock::new(|| Statements {
            $($name: Statement::numbered(include_str!(concat!("sql/mysql/", stringify!($name), ".sql"))),)+
        });

        pub(super) static POSTGRES: LazyLock<Statements> = LazyLock::new(|| Statements {
            $($name: Statement::plain(include_str!(concat!("sql/postgres/", stringify!($name), ".sql"))),)+
        });
    };
}

statements! {
    announce, begin, cancel, clashes, count, due, due_free, end_lease, ended, ended_queues, fail, find, front, hasten,
    held_by_call, held_by_id, held_tokens, insert, key_holders, key_rival, left_behind, list, list_back, list_reserved,
    look, lost_workers, mend, note_erase, note_expire, note_read, note_read_back, note_write, pause, paused, ping, promote,
    prune_alone, pruned_since, queues, remove, remove_failed, renew, renew_if_holding, restart, restarts, resume, retry,
    settle, stats, take, take_over, tokens, verify_counts, verify_failed, verify_failures, verify_leases, verify_page,
    verify_row, waiting, waiting_delayed,
}

impl Statement {
    fn plain(file: &str) -> Self {
        Self { text: without_comments(file).leak(), order: Vec::new() }
    }

    /// MySQL knows no numbered parameters, so `?3` becomes `?` and is remembered.
    pub(super) fn numbered(file: &str) -> Self {
        let file = without_comments(file);
        let (mut text, mut order) = (String::with_capacity(file.len()), Vec::new());
        let mut pieces = file.split('?');
        text.extend(pieces.next());
        for piece in pieces {
            let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
            let number: usize = piece[..piece.len() - rest.len()].parse().unwrap_or_default();
            order.push(number.saturating_sub(1));
            text.push('?');
            text.push_str(rest);
        }
        Self { text: text.leak(), order }
    }
}

fn without_comments(file: &str) -> String {
    file.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_parameter_may_stand_anywhere_and_twice() {
        let statement = Statement::numbered("-- What is it?\nSELECT ?2, ?1\nWHERE x = ?12 AND y = ?2");
        assert_eq!(statement.text, "SELECT ?, ?\nWHERE x = ? AND y = ?");
        assert_eq!(statement.order, [1, 0, 11, 1]);
    }
}
