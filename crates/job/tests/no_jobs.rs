//! R2, in a binary that links no jobs: the most common mistake of all must say what to do.

use journeyman_job::registry::{self, RegistryError};

#[test]
fn r2_an_empty_registry_is_refused_with_the_missing_line() {
    assert_eq!(registry::check(), Err(RegistryError::Empty));
    assert!(RegistryError::Empty.to_string().contains("use jobs as _;"));
}
