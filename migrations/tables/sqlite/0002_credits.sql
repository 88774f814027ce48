-- The credit examples. Amounts are whole numbers of ten-thousandths.
CREATE TABLE users (
    user_id       TEXT NOT NULL PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    registered_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- What each user has. The checks are the last line of defence: no code path may break them.
CREATE TABLE accounts (
    user_id   TEXT    NOT NULL PRIMARY KEY,
    balance   INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0),
    purchased INTEGER NOT NULL DEFAULT 0 CHECK (purchased >= 0),
    used      INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    CHECK (balance = purchased - used)
) STRICT;

-- Every change of a balance, once per transaction id; `balance` is what it left.
CREATE TABLE credit_transactions (
    transaction_id TEXT    NOT NULL PRIMARY KEY,
    user_id        TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('opening', 'purchase', 'update')),
    amount         INTEGER NOT NULL CHECK (amount <> 0),
    currency       TEXT,
    balance        INTEGER NOT NULL CHECK (balance >= 0),
    job_id         TEXT    NOT NULL,
    posted_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX credit_transactions_user ON credit_transactions (user_id);

-- What credit_calculation has found, once per job.
CREATE TABLE credit_calculations (
    job_id          TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL,
    total_purchased INTEGER NOT NULL,
    total_used      INTEGER NOT NULL,
    credit_score    INTEGER NOT NULL,
    calculated_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX credit_calculations_user ON credit_calculations (user_id);
