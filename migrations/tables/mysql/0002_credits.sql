-- The credit examples. Amounts are whole numbers of ten-thousandths.
CREATE TABLE users (
    user_id       VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    email         VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    registered_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE = InnoDB;

-- What each user has. The checks are the last line of defence: no code path may break them.
CREATE TABLE accounts (
    user_id   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    balance   BIGINT NOT NULL DEFAULT 0 CHECK (balance >= 0),
    purchased BIGINT NOT NULL DEFAULT 0 CHECK (purchased >= 0),
    used      BIGINT NOT NULL DEFAULT 0 CHECK (used >= 0),
    CHECK (balance = purchased - used)
) ENGINE = InnoDB;

-- Every change of a balance, once per transaction id; `balance` is what it left.
CREATE TABLE credit_transactions (
    transaction_id VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    user_id        VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind           VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL CHECK (kind IN ('opening', 'purchase', 'update')),
    amount         BIGINT NOT NULL CHECK (amount <> 0),
    currency       CHAR(3) CHARACTER SET ascii COLLATE ascii_bin,
    balance        BIGINT NOT NULL CHECK (balance >= 0),
    job_id         CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    posted_at      DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE = InnoDB;
CREATE INDEX credit_transactions_user ON credit_transactions (user_id);

-- What credit_calculation has found, once per job.
CREATE TABLE credit_calculations (
    job_id          CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    user_id         VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    total_purchased BIGINT NOT NULL,
    total_used      BIGINT NOT NULL,
    credit_score    BIGINT NOT NULL,
    calculated_at   DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE = InnoDB;
CREATE INDEX credit_calculations_user ON credit_calculations (user_id);
