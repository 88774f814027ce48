-- Keeps others from pruning until this transaction ends; no row if somebody does.
SELECT generation FROM queue_control WHERE name = 'prune' FOR UPDATE SKIP LOCKED
