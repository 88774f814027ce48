//! Posts to a receiver of our own, over TLS.
