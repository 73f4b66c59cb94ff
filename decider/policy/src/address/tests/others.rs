use super::*;

/// The wrapped SOL mint, the token program and the system program.
const SOLANA: [&str; 3] = [
    "So11111111111111111111111111111111111111112",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "11111111111111111111111111111111",
];

#[test]
fn solana_keeps_case() {
    for text in SOLANA {
        assert_eq!(canonical(Chain::Solana, text), Ok(text.to_owned()));
        let address = parse(Chain::Solana, text).unwrap();
        for flipped in (0..text.len()).filter_map(|place| with_case_flipped(text, place)) {
            assert_ne!(parse(Chain::Solana, &flipped), Ok(address.clone()), "{flipped}");
        }
    }
}

#[test]
fn solana_is_32_bytes_of_base58() {
    for length in 0..=40 {
        let text = bs58::encode(vec![9; length]).into_string();
        assert_eq!(parse(Chain::Solana, &text).is_ok(), length == 32, "{length}");
    }
    let good = SOLANA[1];
    for text in [&format!("{good} "), &format!(" {good}"), &good.replace('T', "0"), &good.replace('T', "é")]
    {
        assert!(matches!(parse(Chain::Solana, text), Err(AddressError::NotBase58 { .. })), "{text}");
    }
}

#[test]
fn exact_is_as_it_is() {
    let longest = "a".repeat(256);
    for text in ["a", "A", "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh", "0xABC:7/?#", &longest] {
        assert_eq!(canonical(Chain::Exact, text), Ok(text.to_owned()));
    }
    assert_ne!(parse(Chain::Exact, "a"), parse(Chain::Exact, "A"));
    for text in [" ", "a ", " a", "a b", "a\tb", "a\n", "a\0", "\u{7f}", "é", "а", "a\u{200b}", "\u{202e}a"]
    {
        assert!(matches!(parse(Chain::Exact, text), Err(AddressError::NotPrintable { .. })), "{text:?}");
    }
}
