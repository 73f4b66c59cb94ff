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

/// From BIP-173 and BIP-350, of Litecoin, and of a Cosmos chain.
const BECH32: [&str; 4] = [
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
    "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh",
];

#[test]
fn bech32_folds_case_and_is_never_in_both() {
    for text in BECH32 {
        assert_eq!(canonical(Chain::Bech32, text), Ok(text.to_owned()));
        assert_eq!(canonical(Chain::Bech32, &text.to_uppercase()), Ok(text.to_owned()));
        for flipped in (0..text.len()).filter_map(|place| with_case_flipped(text, place)) {
            assert!(
                matches!(parse(Chain::Bech32, &flipped), Err(AddressError::NotBech32 { .. })),
                "{flipped}"
            );
        }
        for place in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'q' { b'p' } else { b'q' };
            let wrong = String::from_utf8(bytes).unwrap();
            assert!(parse(Chain::Bech32, &wrong).is_err(), "{wrong}");
        }
    }
    for text in
        ["rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh", "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8", "cosmos1", " "]
    {
        assert!(matches!(parse(Chain::Bech32, text), Err(AddressError::NotBech32 { .. })), "{text}");
    }
}

#[test]
fn what_was_compared_exactly_is_read_again_as_bech32_and_not_the_other_way() {
    let upper = BECH32[2].to_uppercase();
    let read = parse(Chain::Exact, &upper).unwrap().on(Chain::Bech32);
    assert_eq!(read, Some(parse(Chain::Bech32, BECH32[2]).unwrap()));
    assert_eq!(read.unwrap().on(Chain::Exact), None);
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
