use proptest::prelude::*;

use super::*;

// Published examples of signing requests: one Ethereum transfer, one as it was sent, one Bitcoin transfer.
const ETH: (&str, &str) = (
    "02ef0104843b9aca008506a0c1987d825208945dc69b1fbb13bafd09af88a782f0f285772ad5f8872386f26fc1000080c0",
    "77b4e74099ce90c08503c0e0bb6e672dbe1c5e3e127ce333bf22eb581cd3f6ce",
);
const ETH_AS_SENT: (&str, &str) = (
    "02ef0104843b9aca0085067a51be85825208945dc69b1fbb13bafd09af88a782f0f285772ad5f8872386f26fc1000080c0",
    "6ca18c47ccd8dd47bb0b0b0c73cc5237bbff9d0eaae469ca65a672329643bfda",
);
const BTC_INPUT_0: (&str, &str) = (
    "0100000002c845e228b169e8713414f51f5a60a1c670aaf57138811279ddc3b530fe4c4ac8000000001976a91495f6fbf9976938f6bffc646adf8b54a8f70620eb88acffffffffa3d781905b0122466f72efa1f751cf8e2cb9f6fda8efedf989443bd358ec5f480000000000ffffffff0230560100000000001976a9148ca80d9b17cdba4b0f9b117c92852ca04a69783988ac2b4901000000000016001495f6fbf9976938f6bffc646adf8b54a8f70620eb0000000001000000",
    "74bac76ffa277c14ba33ff1be302ed07e0a1e5dceebdc5f161df8d9d688b613c",
);
const BTC_INPUT_1: (&str, &str) = (
    "0100000002c845e228b169e8713414f51f5a60a1c670aaf57138811279ddc3b530fe4c4ac80000000000ffffffffa3d781905b0122466f72efa1f751cf8e2cb9f6fda8efedf989443bd358ec5f48000000001976a91495f6fbf9976938f6bffc646adf8b54a8f70620eb88acffffffff0230560100000000001976a9148ca80d9b17cdba4b0f9b117c92852ca04a69783988ac2b4901000000000016001495f6fbf9976938f6bffc646adf8b54a8f70620eb0000000001000000",
    "ea70ff4dd53c7e99948ee3a27e070fe4efea2e3d9dd793eadea86cb04c8103be",
);

const KNOWN: [Chain; 3] = [Chain::Evm, Chain::Bitcoin, Chain::BitcoinTestnet];

fn text(raw: &str, payload: &str) -> RawTransactionText {
    RawTransactionText { raw: Some(raw.to_owned()), payload: Some(payload.to_owned()) }
}

fn checked(chain: Chain, (raw, payload): (&str, &str)) -> Result<Proof, RawTransactionError> {
    check(chain, &text(raw, payload))
}

#[test]
fn published_examples_hash_to_their_payloads() {
    for example in [ETH, ETH_AS_SENT] {
        assert_eq!(checked(Chain::Evm, example), Ok(Proof::Matches));
    }
    for example in [BTC_INPUT_0, BTC_INPUT_1] {
        assert_eq!(checked(Chain::Bitcoin, example), Ok(Proof::Matches));
        assert_eq!(checked(Chain::BitcoinTestnet, example), Ok(Proof::Matches));
    }
}

#[test]
fn another_chains_hash_or_another_payload_does_not_match() {
    let keccak = Err(RawTransactionError::Mismatch { digest: Digest::Keccak256 });
    let sha = Err(RawTransactionError::Mismatch { digest: Digest::DoubleSha256 });
    assert_eq!(checked(Chain::Evm, BTC_INPUT_0), keccak);
    assert_eq!(checked(Chain::Bitcoin, ETH), sha);
    assert_eq!(checked(Chain::Evm, (ETH.0, ETH_AS_SENT.1)), keccak);
    assert_eq!(checked(Chain::Bitcoin, (BTC_INPUT_0.0, BTC_INPUT_1.1)), sha);
    assert_eq!(checked(Chain::Evm, (&"00".repeat(32), &"00".repeat(32))), keccak);
}

#[test]
fn both_cases_of_digits_are_read() {
    let (raw, payload) = (ETH.0.to_uppercase(), ETH.1.to_uppercase());
    assert_eq!(checked(Chain::Evm, (&raw, &payload)), Ok(Proof::Matches));
    assert_eq!(checked(Chain::Evm, (&raw, ETH.1)), Ok(Proof::Matches));
}

#[test]
fn what_is_missing_proves_nothing() {
    for chain in KNOWN {
        for empty in [None, Some(String::new())] {
            let no_raw = RawTransactionText { raw: empty.clone(), payload: Some(ETH.1.to_owned()) };
            let no_payload = RawTransactionText { raw: Some(ETH.0.to_owned()), payload: empty };
            assert_eq!(check(chain, &no_raw), Err(RawTransactionError::RawMissing));
            assert_eq!(check(chain, &no_payload), Err(RawTransactionError::PayloadMissing));
        }
        assert_eq!(check(chain, &RawTransactionText::default()), Err(RawTransactionError::RawMissing));
    }
}

#[test]
fn what_is_not_hexadecimal_is_refused() {
    use NotHex::{Digit, OddLength};
    let (raw, payload) = ETH;
    for (given, wrong) in [
        (format!("0x{raw}"), Digit { place: 2 }),
        (format!(" {raw}"), Digit { place: 1 }),
        (format!("{raw} "), Digit { place: raw.len() + 1 }),
        (format!("{raw}\n"), Digit { place: raw.len() + 1 }),
        (format!("+{raw}"), Digit { place: 1 }),
        (format!("{raw}0"), OddLength),
        ("0g".to_owned(), Digit { place: 2 }),
        ("０".to_owned(), Digit { place: 1 }),
    ] {
        assert_eq!(
            checked(Chain::Evm, (&given, payload)),
            Err(RawTransactionError::RawNotHex(wrong)),
            "{given}"
        );
    }
    let not_a_digit = format!("{}zz", &payload[..62]);
    assert_eq!(
        checked(Chain::Evm, (raw, &not_a_digit)),
        Err(RawTransactionError::PayloadNotHex(Digit { place: 63 }))
    );
    assert_eq!(
        checked(Chain::Evm, (raw, &payload[..63])),
        Err(RawTransactionError::PayloadNotHex(OddLength))
    );
}

#[test]
fn a_payload_is_a_hash_and_nothing_shorter_or_longer() {
    let (raw, payload) = ETH;
    for given in [&payload[..62], &format!("{payload}00"), &format!("0x{payload}"), &"0".repeat(1 << 20)] {
        assert_eq!(checked(Chain::Evm, (raw, given)), Err(RawTransactionError::PayloadLength));
    }
}

#[test]
fn the_size_is_bounded() {
    let (longest, payload) = ("00".repeat(MAX_RAW_BYTES), ETH.1);
    assert_eq!(
        checked(Chain::Evm, (&longest, payload)),
        Err(RawTransactionError::Mismatch { digest: Digest::Keccak256 })
    );
    assert_eq!(checked(Chain::Evm, (&format!("{longest}0"), payload)), Err(RawTransactionError::TooLong));
    assert_eq!(checked(Chain::Evm, (&format!("{longest}00"), payload)), Err(RawTransactionError::TooLong));
}

#[test]
fn a_chain_whose_hash_is_not_known_is_never_called_a_match() {
    for chain in [Chain::Solana, Chain::Bech32, Chain::Exact] {
        assert_eq!(checked(chain, ETH), Ok(Proof::NotKnown));
        assert_eq!(check(chain, &RawTransactionText::default()), Ok(Proof::NotKnown));
    }
}

#[test]
fn messages_say_what_was_expected() {
    let message = |chain: Chain, given: (&str, &str)| checked(chain, given).unwrap_err().to_string();
    insta::assert_snapshot!(message(Chain::Evm, ("", ETH.1)), @"the raw transaction is missing: expected its bytes in hexadecimal");
    insta::assert_snapshot!(message(Chain::Evm, (ETH.0, "")), @"the payload is missing: expected 32 bytes in hexadecimal");
    insta::assert_snapshot!(message(Chain::Evm, ("0x00", ETH.1)), @"the raw transaction is not hexadecimal text without 0x: character 2 is not a hexadecimal digit");
    insta::assert_snapshot!(message(Chain::Evm, ("000", ETH.1)), @"the raw transaction is not hexadecimal text without 0x: the number of digits is odd");
    insta::assert_snapshot!(message(Chain::Evm, (ETH.0, "00")), @"the payload is not 32 bytes long");
    insta::assert_snapshot!(message(Chain::Evm, (BTC_INPUT_0.0, BTC_INPUT_0.1)), @"the payload is not the Keccak-256 of the raw transaction");
    insta::assert_snapshot!(message(Chain::Bitcoin, ETH), @"the payload is not the double SHA-256 of the raw transaction");
}

proptest! {
    #[test]
    fn any_text_is_checked_without_a_panic(raw in any::<String>(), payload in any::<String>()) {
        for chain in KNOWN {
            prop_assert_ne!(checked(chain, (&raw, &payload)), Ok(Proof::Matches));
        }
    }

    #[test]
    fn one_flipped_bit_is_found(place in 0..ETH.0.len(), bit in 0_u32..4) {
        let mut raw: Vec<char> = ETH.0.chars().collect();
        raw[place] = char::from_digit(raw[place].to_digit(16).unwrap() ^ (1 << bit), 16).unwrap();
        let raw: String = raw.into_iter().collect();
        let mismatch = Err(RawTransactionError::Mismatch { digest: Digest::Keccak256 });
        prop_assert_eq!(checked(Chain::Evm, (&raw, ETH.1)), mismatch);
    }
}

#[test]
fn one_that_is_made_up_hashes_to_its_payload_where_that_is_known() {
    for chain in KNOWN {
        assert_eq!(check(chain, &made_up(chain)), Ok(Proof::Matches), "{chain}");
    }
    for chain in [Chain::Solana, Chain::Bech32, Chain::Exact] {
        assert_eq!(check(chain, &made_up(chain)), Ok(Proof::NotKnown), "{chain}");
    }
}
