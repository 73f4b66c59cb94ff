mod bitcoin;
mod evm;
mod others;
mod properties;

use super::*;

fn parse(chain: Chain, text: &str) -> Result<Address, AddressError> {
    Address::parse(chain, text)
}

/// The canonical form, where the text is an address.
fn canonical(chain: Chain, text: &str) -> Result<String, AddressError> {
    parse(chain, text).map(|address| address.to_string())
}

/// The text with the case of the letter at a place flipped; `None` where there is no letter.
fn with_case_flipped(text: &str, place: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let byte = bytes.get_mut(place).filter(|byte| byte.is_ascii_alphabetic())?;
    *byte ^= 0x20;
    String::from_utf8(bytes).ok()
}

#[test]
fn chains_go_by_their_names() {
    for (name, chain) in [
        ("evm", Chain::Evm),
        ("bitcoin", Chain::Bitcoin),
        ("bitcoin_testnet", Chain::BitcoinTestnet),
        ("solana", Chain::Solana),
        ("bech32", Chain::Bech32),
        ("exact", Chain::Exact),
    ] {
        assert_eq!(name.parse(), Ok(chain));
        assert_eq!(chain.to_string(), name);
        assert_eq!(serde_json::to_string(&chain).unwrap(), format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<Chain>(&format!("\"{name}\"")).unwrap(), chain);
    }
    for name in ["", "EVM", "Evm", " evm", "btc", "bitcoin-testnet", "BitcoinTestnet"] {
        assert!(name.parse::<Chain>().is_err(), "{name:?}");
    }
}

#[test]
fn no_text_and_too_much_text_are_refused_on_every_chain() {
    for chain in Chain::ALL {
        assert_eq!(parse(chain, ""), Err(AddressError::Empty));
        assert_eq!(parse(chain, &"1".repeat(257)), Err(AddressError::TooLong { bytes: 257 }));
    }
}

#[test]
fn records_name_the_chain_and_read_back() {
    for (chain, text, record) in [
        (
            Chain::Evm,
            "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8",
            "\"evm:0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8\"",
        ),
        (
            Chain::Bitcoin,
            "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC",
            "\"bitcoin:1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC\"",
        ),
        (
            Chain::Bitcoin,
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "\"bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\"",
        ),
        (
            Chain::Bech32,
            "LTC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KGMN4N9",
            "\"bech32:ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9\"",
        ),
        (Chain::Exact, "memo:Abc:1", "\"exact:memo:Abc:1\""),
    ] {
        let address = parse(chain, text).unwrap();
        assert_eq!(address.chain(), chain);
        assert_eq!(serde_json::to_string(&address).unwrap(), record);
        assert_eq!(serde_json::from_str::<Address>(record).unwrap(), address);
    }
    for record in ["\"\"", "\"evm\"", "\"evm:\"", "\"doge:abc\"", "\"evm:0x00\"", "7", "null"] {
        assert!(serde_json::from_str::<Address>(record).is_err(), "{record}");
    }
}

#[test]
fn the_same_text_on_two_chains_is_two_addresses() {
    let text = "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC";
    assert_ne!(parse(Chain::Bitcoin, text).unwrap(), parse(Chain::Exact, text).unwrap());
}

#[test]
fn messages_say_what_is_wrong_and_show_little() {
    let message = |chain, text: &str| parse(chain, text).unwrap_err().to_string();
    insta::assert_snapshot!(message(Chain::Evm, ""), @"the address is empty");
    insta::assert_snapshot!(message(Chain::Evm, &"0".repeat(300)), @"the address has 300 bytes: at most 256 are read");
    insta::assert_snapshot!(message(Chain::Evm, "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC"), @"1DpivPqJ…NYdC is not an EVM address: expected 0x and 40 hexadecimal digits");
    insta::assert_snapshot!(message(Chain::Evm, "0x5dC69B1Fbb13Bafd09af88a782F0F285772ad5f8"), @"0x5dC69B…d5f8 has a wrong EIP-55 checksum: a digit or the case of a letter is wrong; copy it again");
    insta::assert_snapshot!(message(Chain::Bitcoin, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"), @"bc1qw508…f3t5 is not a segwit address, or a character or its case is wrong: expected bech32 or bech32m, all in one case");
    insta::assert_snapshot!(message(Chain::Bitcoin, "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"), @"0x5dC69B…d5f8 is not a Bitcoin address, or a character or its case is wrong: expected bech32 or base58 with its checksum");
    insta::assert_snapshot!(message(Chain::BitcoinTestnet, "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC"), @"1DpivPqJ…NYdC is an address of another network: expected bitcoin_testnet");
    insta::assert_snapshot!(message(Chain::Solana, "0OIl"), @"0OIl is not base58: expected letters and digits without 0, O, I and l");
    insta::assert_snapshot!(message(Chain::Solana, "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC"), @"1DpivPqJ…NYdC stands for 25 bytes: expected 32");
    insta::assert_snapshot!(message(Chain::Bech32, "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n8"), @"ltc1qw50…n4n8 is not a bech32 address, or a character or its case is wrong: expected a prefix, 1, and letters and digits with their checksum, all in one case");
    insta::assert_snapshot!(message(Chain::Exact, "a b\n\u{202e}c"), @"a�b��c holds a blank or a character that is not printable ASCII");
    insta::assert_snapshot!("doge".parse::<Chain>().unwrap_err(), @"unknown chain doge: expected one of evm, bitcoin, bitcoin_testnet, solana, bech32, exact");
    insta::assert_snapshot!("x".repeat(5000).parse::<Chain>().unwrap_err(), @"unknown chain xxxxxxxx…xxxx: expected one of evm, bitcoin, bitcoin_testnet, solana, bech32, exact");
}
