//! Settings of what is kept from prying eyes.

use journeyman_job::secret::KeyRing;

use super::reader::settings;
use super::secret::MASK;
use super::value::Value;

settings! {
    /// Keys, and who may do what.
    pub struct SecurityConfig in "security" {
        /// Keys for secrets in payloads, as id:key with 32 bytes in base64; the first seals, all of them open.
        keys: Option<KeyRing> = "", env "JOURNEYMAN_KEYS";
    }
}

impl Value for KeyRing {
    const IS_LIST: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }

    fn show(&self) -> Option<String> {
        Some(MASK.to_owned())
    }

    fn mask(_text: &str) -> String {
        MASK.to_owned()
    }
}
