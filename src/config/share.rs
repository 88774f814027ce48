//! Shares: 0.1 is a tenth.

use super::value::Value;

/// A share of something, 0 to 100 times it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl Share {
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Value for Share {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // `f64` would take `inf`, `nan` and signs as well.
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let share = is_plain.then(|| text.parse().ok()).flatten().filter(|share| (0.0..=100.0).contains(share));
        share.map(Self).ok_or_else(|| "give a number from 0 to 100, such as 0.1 for a tenth".to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r49_a_share_is_a_plain_number() {
        assert_eq!(Share::parse("0.1").unwrap().show().unwrap(), "0.1");
        for bad in ["", "-1", "inf", "nan", "101", "10%", "."] {
            assert!(Share::parse(bad).is_err(), "{bad}");
        }
    }
}
