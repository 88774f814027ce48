//! Inputs that are nearly right.

/// What breaks things more often than chance finds it.
const TOKENS: [&[u8]; 34] = [
    b"\0",
    b"\xff",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\x1b[2J",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b",",
    b":",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"00",
    b"1e308",
    b"1e999",
    b"-0.0",
    b"NaN",
    b"9223372036854775808",
    b"18446744073709551616",
    b"4294967296",
    b"%00",
    b"%ff",
    b"&",
    b"=",
];

/// Makes variations of seeds: the same ones for the same number.
pub struct Variations<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Variations<'a> {
    pub fn new(seed: u64, seeds: &'a [Vec<u8>]) -> Self {
        Self { seeds, state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    pub fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.seeds[self.below(self.seeds.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = (at + 1 + self.below(8)).min(bytes.len());
        match self.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..end)),
            3 => drop(bytes.splice(at..at, [self.byte()])),
            4 => drop(bytes.splice(at..at, TOKENS[self.below(TOKENS.len())].iter().copied())),
            5 => drop(bytes.splice(at..end, TOKENS[self.below(TOKENS.len())].iter().copied())),
            6 => {
                let again = bytes[at..end].repeat(1 + self.below(100));
                bytes.splice(at..at, again);
            }
            _ => {
                let other = &self.seeds[self.below(self.seeds.len())];
                let from = self.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
        }
    }

    fn byte(&mut self) -> u8 {
        self.draw().to_be_bytes()[0]
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % end as u64).unwrap_or(0)
    }

    /// SplitMix64.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
